using Functional.Samples;

Console.Write(OneHead.Text());
