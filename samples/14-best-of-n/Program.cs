using Functional.Samples;

Console.Write(BestOfN.Text());
