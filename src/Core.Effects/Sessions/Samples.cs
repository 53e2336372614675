using Functional.Base;
using Functional.Engines;
using Functional.Generation;
using Functional.Sampling;

namespace Functional.Sessions;

/// <summary>What a model writes while it is being trained.</summary>
static class Samples
{
    /// <summary>
    /// A text that begins as a new line does, or the answer to a question that is not learned, of as many tokens as the run says; nothing when the token asks
    /// to stop.
    /// </summary>
    public static string? Draw(IEngine engine, Trainer trainer, RunSession session, Key key, CancellationToken stop)
    {
        var (stage, part) = (session.Config.Stage, trainer.Stage.Objective.Parts[0]);
        var sampling = new SamplingConfig { Temperature = stage.SampleTemperature };
        if (session.Data.Prompt.Case is SamplePrompt prompted)
            return Answers.Of(engine, part.Model, trainer.Parameters(part), session.Data.Tokenizer, [[.. prompted.Ids]],
                new(sampling, stage.SampleTokens, prompted.Stops.Tokens, prompted.Stops.Texts), [key], stop: stop) is [var answer]
                    ? session.Data.Tokenizer.Decode([.. prompted.Ids]) + answer.Text : null;
        using var decoder = new Decoder(engine, part.Model, trainer.Parameters(part));
        var generator = new Generator(decoder, session.Data.Tokenizer, session.Config.LineEnds);
        var written = new System.Text.StringBuilder();
        foreach (var piece in generator.Encode("").ToOption().Map(prompt => generator.Text(prompt, stage.SampleTokens, new Sampler(sampling), key)).IfNone([]))
        {
            if (stop.IsCancellationRequested) return null;
            written.Append(piece);
        }
        return written.ToString();
    }
}
