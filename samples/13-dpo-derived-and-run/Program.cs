using Functional.Samples;

Console.Write(DpoDerivedAndRun.Text());
