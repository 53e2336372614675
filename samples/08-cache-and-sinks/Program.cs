using Functional.Samples;

Console.Write(CacheAndSinks.Text());
