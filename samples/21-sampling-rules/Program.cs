using Functional.Samples;

Console.Write(SamplingRulesLesson.Text());
