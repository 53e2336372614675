using Functional;
using Functional.Samples;

if (args.Length > 2 || args is ["--help" or "-h", ..])
{
    Console.Error.WriteLine("usage: dotnet run -c Release --project samples/20-counting-e -- [TEXTFILE [OUTFOLDER]]");
    return 2;
}
var text = args is [var file, ..] ? file : null;
using var stop = new CancellationTokenSource();
// Once to save and stop; again to end at once.
Console.CancelKeyPress += (_, pressed) => pressed.Cancel = !stop.IsCancellationRequested && Stopping();
try
{
    var name = text is null ? "world" : Path.GetFileNameWithoutExtension(text);
    await CountingE.RunAsync(new() { Text = text, Folder = args is [_, var folder] ? folder : Path.Combine("runs", $"counting-e-{name}") }, Console.Out, stop.Token);
    return 0;
}
catch (OperationCanceledException)
{
    Console.Error.WriteLine("stopped; the same command goes on");
    return 130;
}
catch (FunctionalException wrong)
{
    Console.Error.WriteLine(wrong.Message);
    return 1;
}

bool Stopping()
{
    stop.Cancel();
    return true;
}
