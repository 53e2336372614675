using Functional.Samples;

Console.Write(AttentionByHand.Text());
