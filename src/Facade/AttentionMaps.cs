using System.Globalization;
using Functional.Base;
using Functional.Reports;
using Functional.Sessions;
using LanguageExt;

namespace Functional;

/// <summary>Pictures of what a model's heads attend to in a text.</summary>
/// <param name="Charts">A picture a head, layer by layer.</param>
/// <param name="Said">What they show, for people.</param>
sealed record AttentionMaps(Vec<HeatChart> Charts, string Said)
{
    /// <summary>How many tokens and pictures a report shows.</summary>
    public const int InReports = 24, MostInReports = 12;

    const int Width = 300, Height = 320, Columns = 4;

    /// <summary>The pictures of a text, or of its beginning.</summary>
    /// <param name="model">The model.</param>
    /// <param name="text">The text.</param>
    /// <param name="layer">One of its layers, from 0; nothing for all.</param>
    /// <param name="most">How many tokens at most.</param>
    /// <param name="cancellation">Gives up.</param>
    public static Validation<Fault, AttentionMaps> Of(TrainedModel model, string text, int? layer, int most, CancellationToken cancellation) =>
        from ids in model.Run.Tokenizer.Encode(text)
        let read = ids.Take(Math.Min(most, model.Model.Context)).ToArray()
        from all in model.Attention(read)
        from some in layer is not { } which ? Prelude.Success<Fault, Vec<AttentionWeights>>(all)
            : which < all.Count ? Prelude.Success<Fault, Vec<AttentionWeights>>([all[which]])
            : Fault.Of<Vec<AttentionWeights>>("layer", $"is {which}", $"allowed: 0 to {all.Count - 1}")
        let names = read.Select(id => Visible(model.Run.Tokenizer.Decode([id]))).ToVec()
        let stopped = Stopped(cancellation)
        select new AttentionMaps([.. some.SelectMany(l => l.Heads.Select((head, h) => new HeatChart($"{l.Layer}, head {h + 1}", names, names,
            [.. head.Chunk(l.Time).Select(static row => row.Select(static w => (double)w).ToVec())])))],
            string.Create(CultureInfo.InvariantCulture, $"To which tokens (from left to right) each token (from top to bottom) attends, in the first {read.Length} of {ids.Length} tokens; each picture's deepest colour is its largest weight."));

    static Unit Stopped(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        return Prelude.unit;
    }

    /// <summary>All pictures as one.</summary>
    public string Svg
    {
        get
        {
            var columns = Math.Min(Columns, Charts.Count);
            var rows = (Charts.Count + columns - 1) / columns;
            return string.Create(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{columns * Width}\" height=\"{rows * Height}\" viewBox=\"0 0 {columns * Width} {rows * Height}\"><rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>")
                + string.Concat(Charts.Select((chart, i) => string.Create(CultureInfo.InvariantCulture, $"<svg x=\"{i % columns * Width}\" y=\"{i / columns * Height}\" ") + chart.Svg(Width, Height)["<svg ".Length..])) + "</svg>\n";
        }
    }

    /// <summary>All pictures on a page.</summary>
    public string Html(string title, string text) => new Page(title, [Page.Text(Said), Page.Quoted(text), Page.Pictures([.. Charts.Select(static c => c.Svg(Width, Height))])]).Html;

    // What has no shape of its own is shown by a sign.
    static string Visible(string token) => string.Concat(token.Select(static c => c switch { ' ' => '␣', '\n' => '⏎', '\t' => '⇥', _ when char.IsControl(c) => '\ufffd', _ => c })) is { Length: > 0 } shown
        ? shown.Length > 10 ? shown[..10] : shown : "∅";
}
