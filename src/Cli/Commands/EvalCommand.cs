using Functional.Storage;

namespace Functional.Cli;

/// <summary><c>functional eval</c>.</summary>
static class EvalCommand
{
    public static CommandSpec Spec => new("Measures how well a trained model predicts a text.",
        [
            new("--run", "DIR", "folder of the run") { Required = true },
            Models.Checkpoint,
            new("--stage", "NAME", "of which of its stages") { Default = "the last that has one" },
            new("--data", "FILE", "a text file; by default the part of the run's text that was kept for evaluation"),
            .. EngineFlags.All,
        ], Run)
    {
        Details = "Every token but the first is predicted once, from the tokens before it in its window. The loss is in nats a\ntoken; bits a byte compare models with different tokenizers.\nOf a run that learns from several texts each is measured, and counts by its share.\n",
    };

    static async Task<int> Run(Given given, Terminal terminal, Interruption interruption)
    {
        var (options, checkpoint) = (EngineFlags.Reading(given), CheckpointChoice.Parse(given.Text("--checkpoint"), "--checkpoint")).Checked();
        using var model = await LanguageModel.LoadAsync(given.Text("--run")!, options, checkpoint, given.Text("--stage"),
            interruption.Token).ConfigureAwait(false);
        var score = await model.EvaluateAsync(given.Text("--data"), interruption.Token).ConfigureAwait(false);
        terminal.Line($"tokens          {Show.Count(score.Tokens)}");
        terminal.Line($"loss            {Show.Loss(score.Loss)}");
        terminal.Line($"perplexity      {Show.Loss(score.Perplexity)}");
        terminal.Line($"bits per byte   {Show.Loss(score.BitsPerByte)}");
        foreach (var part in score.Parts)
            terminal.Line(Show.Harmless(FormattableString.Invariant($"  {part.Name}: share {part.Share:P1}, {Show.Count(part.Score.Tokens)} tokens, loss {Show.Loss(part.Score.Loss)}, {Show.Loss(part.Score.BitsPerByte)} bits per byte")));
        return 0;
    }
}
