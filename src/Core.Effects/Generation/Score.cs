using Functional.Base;
using Functional.Data;
using Functional.Engines;
using Functional.Graphs;
using Functional.Layers;
using Functional.Learning;
using Functional.Models;
using Functional.Text;

namespace Functional.Generation;

/// <summary>How well a model predicts a text.</summary>
/// <param name="Loss">The mean cross-entropy in nats a token.</param>
/// <param name="Tokens">How many tokens were predicted: all but the first.</param>
/// <param name="Bytes">How many bytes of UTF-8 those tokens stand for.</param>
public sealed record Score(double Loss, long Tokens, long Bytes)
{
    /// <summary>As if so many tokens had been equally likely each time.</summary>
    public double Perplexity => Math.Exp(Loss);

    /// <summary>Bits that coding a byte of the text with the model takes: comparable between tokenizers.</summary>
    public double BitsPerByte => Loss * Tokens / Math.Log(2) / Bytes;

    /// <summary>
    /// Predicts every token of a text but the first, each from those before it in its window of a context's length; windows lie side by side.
    /// </summary>
    /// <param name="engine">Where it runs.</param>
    /// <param name="model">The model.</param>
    /// <param name="parameters">Its parameters by name.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="text">At least two tokens.</param>
    /// <param name="stop">Asks to stop.</param>
    public static Score Of(IEngine engine, Model model, Params<IBuffer> parameters, Tokenizer tokenizer, TokenStream text, CancellationToken stop)
    {
        const int MostRows = 16;
        var (context, predicted) = (model.Context, text.Length - 1);
        var windows = (predicted + context - 1) / context;
        var shape = new BatchShape((int)Math.Min(MostRows, windows), context);
        using var workspace = new Workspace(engine);
        workspace.Alias(parameters.Rename(Names.Param));
        var (inputs, labels) = (workspace.Add(Names.Inputs, shape.Tokens), workspace.Add(Names.Labels, shape.Tokens));
        var evaluate = workspace.Bind(Programs.Measure(Objectives.NextToken(model, shape)));
        var (ids, next) = (new int[shape.Tokens.Size], new int[shape.Tokens.Size]);
        var (sum, bytes) = (0.0, 0L);
        for (long first = 0; first < windows; first += shape.Rows)
        {
            stop.ThrowIfCancellationRequested();
            for (var row = 0; row < shape.Rows; row++) bytes += Fill(first + row, row);
            inputs.Write<int>(ids);
            labels.Write<int>(next);
            evaluate.Run();
            sum += evaluate[Names.LossSum].Scalar();
        }
        return new(sum / predicted, predicted, bytes);

        // A window beyond the end, or the rest of the last, counts for nothing.
        long Fill(long window, int row)
        {
            var from = ids.AsSpan(row * context, context);
            var to = next.AsSpan(row * context, context);
            var count = (int)Math.Clamp(predicted - window * context, 0, context);
            from[count..].Clear();
            to[count..].Fill(LinearCrossEntropy.Ignore);
            if (count == 0) return 0;
            text.CopyTo(window * context, from[..count]);
            text.CopyTo(window * context + 1, to[..count]);
            var size = 0L;
            foreach (var id in to[..count]) size += tokenizer.Bytes(id).Length;
            return size;
        }
    }
}
