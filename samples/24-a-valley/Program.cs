using Functional.Samples;

Console.Write(ValleyLesson.Text());
