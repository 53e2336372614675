using Functional.Samples;

Console.Write(OrderFromRotation.Text());
