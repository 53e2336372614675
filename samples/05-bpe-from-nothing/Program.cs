using Functional.Samples;

Console.Write(BpeFromNothing.Text());
