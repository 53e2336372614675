using Functional.Samples;

Console.Write(PrecisionLesson.Text());
