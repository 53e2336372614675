using Functional;
using Functional.Settings;

// Learns from a text, and goes on from what you type: dotnet run -c Release [-- FILE]. Without a file the library tells stories of a small world itself.
// The run is kept in runs/, under the name of the text: stopped in any way (ctrl-c saves first), the same command goes on where it was.
var config = new RunConfig().Sized(layers: 4, heads: 4, width: 128, context: 128).For(steps: STEPS);
if (args is [var file, ..]) config = config.OnFile(file);
var folder = Training.DefaultFolder(config);

var training = true;
using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = training && !stop.IsCancellationRequested;
    stop.Cancel();
};

try
{
    await Training.RunAsync(Recipe.Of(config), folder, new Lines(), stop.Token);
    training = false;
    if (stop.IsCancellationRequested) return 1;

    using var model = await LanguageModel.LoadAsync(folder);
    Console.WriteLine($"\n{model.ParameterCount:N0} parameters, {model.Step} steps. Type how a text begins; an empty line ends.");
    for (Console.Write("> "); Console.ReadLine() is { Length: > 0 } prompt; Console.Write("> "))
    {
        try
        {
            Console.Write(prompt);
            await foreach (var piece in model.GenerateAsync(prompt, new() { Tokens = 200, Temperature = 0.8, TopP = 0.95 })) Console.Write(piece);
            Console.WriteLine("\n");
        }
        catch (FunctionalException mistake)
        {
            Console.Error.WriteLine($"\n{mistake.Message}");
        }
    }
    return 0;
}
catch (FunctionalException mistake)
{
    Console.Error.WriteLine(mistake.Message);
    return 1;
}
catch (OperationCanceledException)
{
    return 1;
}

// What is told of a run, less often than it happens.
sealed class Lines : IProgress<TrainingEvent>
{
    public void Report(TrainingEvent value)
    {
        if (value is not TrainingEvent.Stepped { Metrics.Step: var step } || step % 50 == 0) Console.WriteLine(value);
    }
}
