using Functional.Base;
using Functional.Dialogues;
using Functional.Generation;
using Functional.Grammars;
using Functional.Models;
using Functional.Sampling;
using LanguageExt;

namespace Functional.Sessions;

/// <content>Texts by rules of their own.</content>
public sealed partial class TrainedModel
{
    readonly Dictionary<(int Window, int Sinks, int Rows), Batcher> batchers = [];
    readonly Dictionary<string, TrainedModel> drafts = new(StringComparer.Ordinal);
    // The last that was asked for: what it has worked out serves the next text.
    (Vec<int> Without, TokenTrie Trie)? trie;
    (string? Regex, Json? Schema, bool Optional, Vec<int> Without, Constraint Constraint)? constraint;

    /// <summary>A place for texts to be written side by side, whose rows are all free. One at a time: it is over before another of the same size is asked for.</summary>
    /// <param name="decoding">How they are written; of it, the draft.</param>
    /// <param name="rows">How many at once.</param>
    /// <param name="window">The window that every layer is given; 0 for the model as it is.</param>
    /// <param name="sinks">Its sinks.</param>
    public Validation<Fault, (Streams Streams, Batcher Batcher)> Streams(Decoding decoding, int rows, int window = 0, int sinks = 0) =>
        from writes in Writes()
        from config in Run.Config.Decoder.Streaming(window, sinks)
        from draft in decoding.Draft is { } folder ? Drafting(folder).Map(Prelude.Some) : Prelude.Success<Fault, Option<TrainedModel>>(Prelude.None)
        let batcher = Batching(window == 0 ? Model : Transformer.Of(config), window, sinks, rows)
        select (new Streams(batcher, Run.Tokenizer, draft.Map(d => d.Batching(d.Model, 0, 0, rows)).Case as Batcher), batcher);

    Batcher Batching(Model model, int window, int sinks, int rows)
    {
        if (batchers.TryGetValue((window, sinks, rows), out var batcher)) return batcher;
        batchers.Add((window, sinks, rows), batcher = new(engine, model, parameters.Buffers, rows));
        return batcher;
    }

    Validation<Fault, TrainedModel> Drafting(string folder)
    {
        if (drafts.TryGetValue(folder, out var known)) return known;
        return Open(engine, folder).Bind(opened =>
        {
            var same = Run.Tokenizer.Equals(opened.Run.Tokenizer) && Model.Vocabulary == opened.Model.Vocabulary;
            if (same && opened.Writes().IsSuccess)
            {
                drafts.Add(folder, opened);
                return Prelude.Success<Fault, TrainedModel>(opened);
            }
            var what = same ? "judges texts, and writes none" : $"has another tokenizer: {opened.Run.Tokenizer}, where {Run.Location} has {Run.Tokenizer}";
            opened.Dispose();
            return Fault.Of<TrainedModel>("draft", $"{folder} {what}", "allowed: a run whose tokens are the same, to the last");
        });
    }

    /// <summary>A request of this model.</summary>
    /// <param name="decoding">How it is written.</param>
    /// <param name="prompt">Tokens, one or more.</param>
    /// <param name="most">How many tokens at most, 1 or more.</param>
    /// <param name="key">What they are drawn with.</param>
    /// <param name="ends">Tokens that end it.</param>
    /// <param name="stops">Texts that end it, beside those of <paramref name="decoding"/>.</param>
    /// <returns>Faults where a rule names what is no token, none is left, or the constraint cannot be kept.</returns>
    public Validation<Fault, Request> Request(Decoding decoding, Vec<int> prompt, int most, Key key, Vec<int> ends, Vec<string> stops = default)
    {
        var banned = decoding.Rules.Rules.OfType<BanRule>().SelectMany(static b => b.Tokens).Distinct().ToVec();
        var strange = Named(decoding.Rules).Where(n => n.Token >= Model.Vocabulary).Distinct()
            .Select(n => Fault.Of<Unit>(n.Where, $"names {n.Token}, which is no token of the model", $"allowed: 0 to {Model.Vocabulary - 1}"));
        return from known in strange.Append(Fault.Unless(banned.Count < Model.Vocabulary, "ban", "leaves no token", "allowed: one token or more that may be written")).Gather()
               from limit in decoding is { Regex: null, Schema: null } ? Prelude.Success<Fault, Option<Constraint>>(Prelude.None)
                   : Constrained(decoding, [.. ends.Concat(banned).Distinct().Order()]).Map(Prelude.Some)
               let last = ends.Where(e => limit.IsNone || !banned.Contains(e)).ToVec()
               from some in Fault.Unless(last.Count > 0 || limit.Case is not Constraint c || !c.IsOver(c.Start), decoding.Regex is null ? "schema" : "regex",
                   $"fits the empty text alone{(banned.Count > 0 ? ", without the tokens that are banned" : "")}", "allowed: one that a text of a token or more fits")
               select new Request(prompt, decoding.Rules, most, key)
               {
                   Ends = last, Stops = [.. stops, .. decoding.Stops], KeepsStop = decoding.KeepsStop,
                   Constraint = limit.Case as Constraint, Likely = decoding.Likely, Drafts = decoding.Drafts, Lookup = decoding.Lookup,
               };
    }

    static IEnumerable<(string Where, int Token)> Named(SamplingRules rules) => rules.Rules.SelectMany(static rule => rule switch
    {
        BanRule b => b.Tokens.Select(static t => ("ban", t)),
        BiasRule b => b.Biases.Select(static t => ("bias", t.Token)),
        ForceRule f => f.Tokens.Select(static t => ("force", t.Token)),
        _ => [],
    });

    Validation<Fault, Constraint> Constrained(Decoding decoding, Vec<int> without)
    {
        if (constraint is { } known && known.Regex == decoding.Regex && Equals(known.Schema, decoding.Schema) && known.Optional == decoding.SchemaOptional && known.Without == without) return known.Constraint;
        if (trie?.Without != without) trie = (without, TokenTrie.Of(Run.Tokenizer, without));
        return (decoding.Regex is { } regex ? Constraint.Regex(regex, trie!.Value.Trie) : Constraint.Schema(decoding.Schema!, trie!.Value.Trie, optional: decoding.SchemaOptional)).Map(made =>
        {
            constraint = (decoding.Regex, decoding.Schema, decoding.SchemaOptional, without, made);
            return made;
        });
    }

    /// <summary>As <see cref="Answer(Vec{Message}, string, SamplingConfig, int, Key)"/>, by rules of any kind.</summary>
    /// <param name="messages">What is said, in order; the last is the question.</param>
    /// <param name="template">How it is asked.</param>
    /// <param name="decoding">How the answer is written.</param>
    /// <param name="most">How many tokens it has at most, 1 or more.</param>
    /// <param name="key">What they are drawn with.</param>
    public Validation<Fault, (IEnumerable<(string Piece, Answer? Whole)> Pieces, int Forgotten)> Answer(Vec<Message> messages, string? template, Decoding decoding, int most, Key key) =>
        decoding.IsPlain ? Answer(messages, template, decoding.Rules.Config.IfNone(SamplingConfig.Greedy), most, key) :
        from asked in Asked(messages, template, decoding, most, key)
        from streams in Streams(decoding, 1)
        select (Pieces(streams.Streams, asked.Request), asked.Forgotten);

    /// <summary>What a question asks for, and how many of the oldest messages it leaves out.</summary>
    /// <param name="messages">What is said, in order; the last is the question.</param>
    /// <param name="template">How it is asked; nothing for <see cref="UsualTemplate"/>.</param>
    /// <param name="decoding">How the answer is written.</param>
    /// <param name="most">How many tokens it has at most, 1 or more.</param>
    /// <param name="key">What they are drawn with.</param>
    public Validation<Fault, (Request Request, int Forgotten)> Asked(Vec<Message> messages, string? template, Decoding decoding, int most, Key key) =>
        from writes in Writes()
        from encoder in RowParts.Encoder(Run.Config, Run.Tokenizer, Run.Note, template)
        from asking in Asking.Of(encoder, messages, Model, most)
        from request in Request(decoding, asking.Ids, asking.Most, key, encoder.Stops.Tokens, encoder.Stops.Texts)
        select (request, asking.Forgotten);

    /// <summary>One text while it is written: pieces as soon as nothing can take them back, and the whole with the last.</summary>
    /// <param name="streams">Where; it is disposed of at the end.</param>
    /// <param name="request">What.</param>
    public static IEnumerable<(string Piece, Answer? Whole)> Pieces(Streams streams, Request request)
    {
        using (streams)
        {
            streams.Add(request);
            while (!streams.IsIdle)
                foreach (var piece in streams.Step()) yield return (piece.Text, piece.Whole);
        }
    }
}
