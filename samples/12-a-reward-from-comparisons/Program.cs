using Functional.Samples;

Console.Write(RewardFromComparisons.Text());
