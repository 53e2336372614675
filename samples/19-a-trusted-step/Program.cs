using Functional.Samples;

Console.Write(TrustedStep.Text());
