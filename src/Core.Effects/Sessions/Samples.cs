using Functional.Base;
using Functional.Engines;
using Functional.Generation;
using Functional.Sampling;

namespace Functional.Sessions;

/// <summary>What a model writes while it is being trained.</summary>
static class Samples
{
    /// <summary>A text that begins as a new line does, of as many tokens as the run says; nothing when the token asks to stop.</summary>
    public static string? Draw(IEngine engine, Trainer trainer, RunSession session, Key key, CancellationToken stop)
    {
        var sampler = new Sampler(new() { Temperature = session.Config.Stage.SampleTemperature });
        var part = trainer.Stage.Objective.Parts[0];
        using var decoder = new Decoder(engine, part.Model, trainer.Parameters(part));
        var generator = new Generator(decoder, session.Data.Tokenizer, session.Config.LineEnds);
        var written = new System.Text.StringBuilder();
        foreach (var piece in generator.Encode("").ToOption().Map(prompt => generator.Text(prompt, session.Config.Stage.SampleTokens, sampler, key)).IfNone([]))
        {
            if (stop.IsCancellationRequested) return null;
            written.Append(piece);
        }
        return written.ToString();
    }
}
