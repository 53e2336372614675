using Functional.Samples;

Console.Write(LoadOfExperts.Text());
