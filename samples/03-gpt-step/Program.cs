using Functional.Samples;

Console.Write(GptStep.Text());
