using Functional.Reports;
using Functional.Sessions;

namespace Functional;

/// <content>What it looks at.</content>
public sealed partial class LanguageModel
{
    /// <summary>To which tokens each token of a text attends, in every layer and head.</summary>
    /// <param name="text">The text, of no more tokens than the model's context.</param>
    /// <param name="cancellation">Gives up before it begins.</param>
    /// <exception cref="FunctionalException">The text has no tokens, too many, or characters that the model does not know; or the device has no room.</exception>
    /// <exception cref="InvalidOperationException">The same caller is inside a loop over this model's text.</exception>
    public async Task<IReadOnlyList<AttentionWeights>> AttentionAsync(string text, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        using var turn = turns.Ask();
        await turn.Come(cancellation).ConfigureAwait(false);
        return await Compute(() => Tokenizer.Encode(text).Bind(ids => model.Attention(ids)).OrThrow(), cancellation).ConfigureAwait(false);
    }

    /// <summary>As <see cref="AttentionAsync(string, CancellationToken)"/>, of tokens.</summary>
    /// <param name="ids">Tokens: one or more, and no more than the model's context.</param>
    /// <param name="cancellation">Gives up before it begins.</param>
    /// <exception cref="FunctionalException">There are no tokens, too many, or some that are none; or the device has no room.</exception>
    /// <exception cref="InvalidOperationException">The same caller is inside a loop over this model's text.</exception>
    public async Task<IReadOnlyList<AttentionWeights>> AttentionAsync(IReadOnlyList<int> ids, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(ids);
        using var turn = turns.Ask();
        await turn.Come(cancellation).ConfigureAwait(false);
        return await Compute(() => model.Attention(ids).OrThrow(), cancellation).ConfigureAwait(false);
    }

    /// <summary>What may come next, and what each rule of choosing makes of that.</summary>
    /// <param name="prompt">The tokens that were given: one or more.</param>
    /// <param name="written">Those that were written since; the model reads the last of both that its context holds.</param>
    /// <param name="options">The rules; what is not about choosing a token is not looked at.</param>
    /// <param name="most">How many of the likeliest are told, 1 or more.</param>
    /// <param name="cancellation">Gives up before it begins.</param>
    /// <exception cref="FunctionalException">An option is out of range, a token is none, or the device has no room.</exception>
    /// <exception cref="InvalidOperationException">The same caller is inside a loop over this model's text.</exception>
    public async Task<NextTokens> NextTokensAsync(IReadOnlyList<int> prompt, IReadOnlyList<int> written, GenerationOptions options, int most = 20, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        ArgumentNullException.ThrowIfNull(written);
        ArgumentNullException.ThrowIfNull(options);
        var decoding = options.Validate().OrThrow().Decoding with { Regex = null, Schema = null };
        var rules = model.Request(decoding, [.. prompt], 1, Base.Key.Seed(0), []).MapFail(Called).OrThrow().Rules;
        if (most < 1) throw new FunctionalException(new Base.Fault(nameof(most), $"is {most}", "allowed: 1 or more"));
        int[] all = [.. prompt, .. written], read = model.Run.Config.Decoder is { IsBounded: true, Context: var context } && all.Length > context ? all[^context..] : all;
        using var turn = turns.Ask();
        await turn.Come(cancellation).ConfigureAwait(false);
        return await Compute(() => Finite(() => NextTokens.Of(rules, model.Logits(read, 1, cached: !model.Model.SeesBothSides).OrThrow()[0], [.. prompt], [.. written], most)), cancellation).ConfigureAwait(false);
    }

    /// <summary>Draws that, a picture a head, as SVG or as a page.</summary>
    /// <param name="text">The text; of one that is longer than <paramref name="most"/> its beginning.</param>
    /// <param name="file">A file that ends with <c>.svg</c> or <c>.html</c>; one that is there is replaced.</param>
    /// <param name="layer">One layer, from 0; nothing for all.</param>
    /// <param name="most">How many tokens at most, 1 or more.</param>
    /// <param name="cancellation">Gives up before it is written.</param>
    /// <returns>How many pictures there are.</returns>
    /// <exception cref="ArgumentException">The file has another ending.</exception>
    /// <exception cref="FunctionalException">As for <see cref="AttentionAsync(string, CancellationToken)"/>; or there is no such layer, or the file cannot be written.</exception>
    /// <exception cref="InvalidOperationException">The same caller is inside a loop over this model's text.</exception>
    public async Task<int> DrawAttentionAsync(string text, string file, int? layer = null, int most = 64, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentException.ThrowIfNullOrEmpty(file);
        var ending = Path.GetExtension(file);
        if (ending is not (".svg" or ".html")) throw new ArgumentException("expected a file that ends with .svg or .html", nameof(file));
        using var turn = turns.Ask();
        await turn.Come(cancellation).ConfigureAwait(false);
        return await Compute(() =>
        {
            var maps = AttentionMaps.Of(model, text, layer, most, cancellation).OrThrow();
            _ = PageFile.Write(file, ending == ".svg" ? maps.Svg : maps.Html("Attention", text)).OrThrow();
            return maps.Charts.Count;
        }, cancellation).ConfigureAwait(false);
    }
}
