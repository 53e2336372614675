using Functional.Samples;

Console.Write(PpoStepByStep.Text());
