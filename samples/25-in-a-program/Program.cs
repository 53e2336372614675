using Functional.Samples;

Console.Write(await InAProgramLesson.TextAsync());
