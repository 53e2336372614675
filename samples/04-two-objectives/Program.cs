using Functional.Samples;

Console.Write(TwoObjectives.Text());
