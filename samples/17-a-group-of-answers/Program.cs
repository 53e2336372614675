using Functional.Samples;

Console.Write(GroupOfAnswers.Text());
