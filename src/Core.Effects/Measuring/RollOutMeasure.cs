using Functional.Base;
using Functional.Engines;
using Functional.Generation;
using Functional.Models;
using Functional.Text;

namespace Functional.Measuring;

/// <summary>The speed of writing answers together: prompts read, and tokens drawn at temperature 1 until each answer has as many as it may.</summary>
/// <param name="Rows">How many answers are written at a time.</param>
/// <param name="Tokens">How many tokens are drawn in all.</param>
/// <param name="Time">That of all answers together.</param>
public sealed record RollOutMeasure(int Rows, long Tokens, Timings Time)
{
    /// <summary>Drawn tokens a second, at the median.</summary>
    public double TokensPerSecond => Tokens / Time.MedianMilliseconds * 1e3;

    /// <summary>Writes so many answers on an engine, with weights as they are drawn.</summary>
    /// <param name="engine">The engine.</param>
    /// <param name="config">The model; prompt and answer have room in its context.</param>
    /// <param name="rows">How many answers, all at a time.</param>
    /// <param name="prompt">Tokens of a prompt, 1 or more.</param>
    /// <param name="tokens">Tokens of an answer, 1 or more.</param>
    /// <param name="repetitions">How often it is measured.</param>
    /// <param name="stop">Asks to give up.</param>
    public static RollOutMeasure On(IEngine engine, DecoderConfig config, int rows, int prompt, int tokens, int repetitions, CancellationToken stop = default)
    {
        var model = Transformer.Of(config);
        using var parameters = new Workspace(engine);
        foreach (var (name, spec) in model.Specs) parameters.Fill(name, spec);
        using var batcher = new Batcher(engine, model, parameters.Buffers, rows);
        var (key, written) = (Key.Seed(1), 0);
        int[][] prompts = [.. Enumerable.Range(0, rows).Select(row => (int[])[.. Enumerable.Range(0, prompt).Select(i => (int)key.FoldIn(row).Below(i, config.Vocabulary))])];
        return new(rows, (long)rows * tokens, Timings.Of(Write, repetitions, 2, TimeSpan.FromMilliseconds(500), stop));

        void Write()
        {
            var own = key.FoldIn(++written);
            _ = Answers.Of(batcher, IdTokenizer.Of(config.Vocabulary), prompts, new(new(), tokens), [.. Enumerable.Range(0, rows).Select(i => own.FoldIn(i))], stop: stop);
            stop.ThrowIfCancellationRequested();
        }
    }
}
