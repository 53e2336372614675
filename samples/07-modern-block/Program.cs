using Functional.Samples;

Console.Write(ModernBlock.Text());
