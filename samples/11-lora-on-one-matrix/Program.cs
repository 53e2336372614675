using Functional.Samples;

Console.Write(LoraOnOneMatrix.Text());
