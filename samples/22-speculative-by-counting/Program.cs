using Functional.Samples;

Console.Write(SpeculativeByCounting.Text());
