using Functional.Samples;

Console.Write(ThreeEstimators.Text());
