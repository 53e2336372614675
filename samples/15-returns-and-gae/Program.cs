using Functional.Samples;

Console.Write(ReturnsAndGae.Text());
