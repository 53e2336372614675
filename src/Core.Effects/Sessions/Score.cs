using Functional.Base;
using Functional.Data;
using Functional.Engines;
using Functional.Layers;
using Functional.Learning;
using Functional.Models;
using Functional.Text;

namespace Functional.Sessions;

/// <summary>How well a model predicts a text.</summary>
/// <param name="Loss">The mean cross-entropy in nats a token.</param>
/// <param name="Tokens">How many tokens were predicted: all but the first.</param>
/// <param name="Bytes">How many bytes of UTF-8 those tokens stand for.</param>
public sealed record Score(double Loss, long Tokens, long Bytes)
{
    /// <summary>Of several texts how well it predicts each; none for one text.</summary>
    public Vec<ScorePart> Parts { get; init; } = [];

    /// <summary>How well a model predicts several texts: the mean of their losses, each with its share, as a run that learns from all of them measures it.</summary>
    /// <param name="parts">One or more, whose shares' sum is 1.</param>
    public static Score Of(Vec<ScorePart> parts) =>
        new(parts.Sum(static p => p.Share * p.Score.Loss), parts.Sum(static p => p.Score.Tokens), parts.Sum(static p => p.Score.Bytes)) { Parts = parts };

    /// <summary>As if so many tokens had been equally likely each time.</summary>
    public double Perplexity => Math.Exp(Loss);

    /// <summary>Bits that coding a byte of the text with the model takes: comparable between tokenizers.</summary>
    public double BitsPerByte => Parts.Count > 0 ? Parts.Sum(static p => p.Share * p.Score.BitsPerByte) : Loss * Tokens / Math.Log(2) / Bytes;

    /// <summary>
    /// Predicts every token of a text but the first, each from those before it in its window of a context's length; windows lie side by side.
    /// </summary>
    /// <param name="engine">Where it runs.</param>
    /// <param name="model">The model.</param>
    /// <param name="parameters">Its parameters by name.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="text">At least two tokens.</param>
    /// <param name="stop">Asks to stop.</param>
    /// <param name="separator">The token that begins each document; nothing where the text is one.</param>
    public static Score Of(IEngine engine, Model model, Params<IBuffer> parameters, Tokenizer tokenizer, TokenStream text, CancellationToken stop,
        int? separator = null)
    {
        const int MostRows = 16;
        var source = MeasuringWindows.All(text, model.Context, separator);
        var rows = (int)Math.Min(MostRows, source.Rows!.Value);
        using var workspace = new Workspace(engine);
        workspace.Alias(parameters.Rename(Names.Param));
        using var evaluation = new Evaluation(workspace, Objectives.NextToken(model, new(rows, model.Context), texts: separator is not null), source, rows);
        return new(evaluation.Run(stop) ?? throw new OperationCanceledException(stop), text.Length - 1, BytesOf(tokenizer, text));
    }

    static long BytesOf(Tokenizer tokenizer, TokenStream text)
    {
        var (bytes, part) = (0L, new int[1 << 12]);
        for (long at = 1; at < text.Length; at += part.Length)
        {
            var ids = part.AsSpan(0, (int)Math.Min(part.Length, text.Length - at));
            text.CopyTo(at, ids);
            foreach (var id in ids) bytes += tokenizer.Bytes(id).Length;
        }
        return bytes;
    }
}

/// <summary>How well a model predicts one of several texts.</summary>
/// <param name="Name">The name of its file.</param>
/// <param name="Share">Its share of what is learned, in (0, 1].</param>
/// <param name="Score">How well.</param>
public sealed record ScorePart(string Name, double Share, Score Score);
