using Functional.Base;
using Functional.Data;
using Functional.Dialogues;
using Functional.Models;
using Functional.Reports;
using Functional.Samples;
using Functional.Sampling;
using Functional.Settings;
using Functional.Subwords;

namespace Functional.Lessons;

/// <summary>Lessons 5, 10, 21 and 22: what a text is made of, what of it is learned, and how one is written.</summary>
static class TextLessons
{
    public static Vec<Lesson> All => [Bpe, Masks, Rules, Speculative];

    // Letters of several lengths in UTF-8, blanks and signs.
    const string Letters = "aabbccdde ö ß 好👋\n.,'1";

    static Lesson Bpe => new("05-bpe-from-nothing", "Byte-pair encoding from nothing", "How a vocabulary comes of nothing but counts, merge by merge, and how a word that was never there is encoded.", Lesson.Says(BpeFromNothing.Text))
    {
        Pictures =
        [
            Picture.Lines("More to choose from, fewer tokens", "Bytes a token, on a text that the tokenizer was not trained on.", "size of the vocabulary", "bytes a token", static () =>
                [new("bytes a token", [.. ((int[])[256, 272, 288, 320, 384, 512, 768, 1024]).Select(static size => ((double)size, BpeFromNothing.Ratio(size)))])]),
            Picture.Lines("How often each merge was there to be made", "Pairs of the lesson's words when it was their turn: what is most frequent goes first, so that it never rises.", "merge", "times", static () =>
                [new("times", [.. Enumerable.Range(0, 10).Select(static i => (i + 1.0, (double)BpeFromNothing.Times(i)))])]),
        ],
        Laws =
        [
            new("there-and-back", "Decoding undoes encoding, whatever the text: every byte is a token.", static key =>
            {
                var (tokenizer, text) = (Trained(key, 20), Drawn(key));
                return LawCase.Of(tokenizer.Decode(BpeFromNothing.Ids(tokenizer, text)) == text, $"{Shown.Of(text)} comes back as {Shown.Of(tokenizer.Decode(BpeFromNothing.Ids(tokenizer, text)))}");
            }),
            new("cut-anywhere", "A text that comes in two pieces has the tokens of the whole, wherever it is cut.", static key =>
                LawCase.Of(BpeFromNothing.CutAnywhere(Trained(key, 20), Drawn(key)), $"{Shown.Of(Drawn(key))} has other tokens where it comes in pieces")),
            new("never-more", "One merge more never makes a text longer, and all merges but the last are the same.", static key =>
            {
                var (text, merges) = (Drawn(key), new Draws(key).Whole("merges", 1, 16));
                var (fewer, more) = (Trained(key, merges), Trained(key, merges + 1));
                return LawCase.Of(BpeFromNothing.Ids(more, text).Length <= BpeFromNothing.Ids(fewer, text).Length && more.Merges.Take(fewer.Merges.Count).SequenceEqual(fewer.Merges),
                    $"{Shown.Of(text)} has {BpeFromNothing.Ids(fewer, text).Length} tokens with {merges} merges, and {BpeFromNothing.Ids(more, text).Length} with one more");
            }),
        ],
    };

    static SubwordTokenizer Trained(Key key, int merges) => Tokenizers.Train(new Draws(key).Text("learned", 200, 400, Letters), new BpeConfig { Vocabulary = 256 + merges });

    static string Drawn(Key key) => new Draws(key).Text("text", 0, 24, Letters);

    static Lesson Masks => new("10-what-a-mask-does", "What a mask does", "What of a conversation is learned and what is only read, and how several of them share a row and do not see each other.", Lesson.Says(WhatAMaskDoes.Text))
    {
        Pictures =
        [
            Picture.Cells("Who sees whom in a shared row", "A row is a token that looks, a column one that it sees: two conversations, of which neither sees the other. Deep blue are tokens that learn what comes next; the others are only read.", static () =>
            {
                var examples = Examples.Of([WhatAMaskDoes.Encoded(WhatAMaskDoes.first), WhatAMaskDoes.Encoded(WhatAMaskDoes.second)]);
                var source = new ConversationRows(examples, (int)examples.Tokens, RowOrder.Ordered, packed: true);
                var batch = new Batch(1, source.Feed(1));
                source.Fill(default, 0, batch);
                var (starts, labels) = (batch.Ints("starts", 0).ToArray(), batch.Ints("labels", 0).ToArray());
                Vec<string> none = [.. starts.Select(static _ => "")];
                return (none, none, [.. Enumerable.Range(0, starts.Length).Select(i => (Vec<double>)[.. Enumerable.Range(0, starts.Length).Select(j => j > i || j < starts[i] ? 0 : labels[i] >= 0 ? 1 : 0.35)])]);
            }, most: 1),
        ],
        Laws =
        [
            new("packed-is-apart", "Conversations that share a row have the labels and the loss that they have in rows of their own.", static key =>
            {
                var talks = Talks(key, new Draws(key).Whole("talks", 2, 3));
                var (examples, model) = (Examples.Of([.. talks.Select(WhatAMaskDoes.Encoded)]), Model);
                var (apart, together) = (WhatAMaskDoes.Loss(model, examples, Most, packed: false), WhatAMaskDoes.Loss(model, examples, Most, packed: true));
                return LawCase.Same([apart.Labels, apart.Loss], [together.Labels, together.Loss], $"{string.Join(", ", talks.Select(Asked))}");
            }),
            new("questions-are-no-labels", "How much of a conversation is learned hangs on the answer alone, whatever was asked.", static key =>
            {
                var draw = new Draws(key);
                var (answer, one, other) = (draw.Text("answer", 1, 8, "abc d"), draw.Text("one", 1, 12, "xyz ?"), draw.Text("other", 1, 12, "xyz ?"));
                return LawCase.Same(WhatAMaskDoes.Labels(one, answer), WhatAMaskDoes.Labels(other, answer), $"{Shown.Of(answer)} after {Shown.Of(one)} and after {Shown.Of(other)}", 0);
            }),
            new("padding-is-nothing", "A longer row, whose end is padding, has the same loss.", static key =>
            {
                var talks = Talks(key, 1);
                var examples = Examples.Of([.. talks.Select(WhatAMaskDoes.Encoded)]);
                var (tight, wide) = (WhatAMaskDoes.Loss(Model, examples, (int)examples.Tokens, packed: false), WhatAMaskDoes.Loss(Model, examples, Most, packed: false));
                return LawCase.Same([tight.Labels, tight.Loss], [wide.Labels, wide.Loss], $"{Asked(talks[0])} in {examples.Tokens} and in {Most} places");
            }),
        ],
    };

    static string Asked(Conversation talk) => string.Join(" → ", talk.Messages.Select(static m => Shown.Of(m.Text)));

    const int Most = 96;

    static Model Model => Transformer.Of(WhatAMaskDoes.config with { Context = Most });

    static Conversation[] Talks(Key key, int count) => [.. Enumerable.Range(0, count).Select(i => new Draws(key.FoldIn(i)) is var draw ? WhatAMaskDoes.Of(draw.Text("asked", 1, 8, "ab c?"), draw.Text("said", 1, 6, "xy z")) : null!)];

    static Lesson Rules => new("21-sampling-rules", "Rules of sampling", "What each rule makes of one distribution, and why their order matters.", Lesson.Says(SamplingRulesLesson.Text))
    {
        Pictures =
        [
            Picture.Cells("One distribution under each rule", "Columns are words, rows are rules; deep blue is certain, and what is left out stays empty.", static () =>
            {
                (string Name, SamplingRule? Rule)[] rows = [("no rule", null), .. SamplingRulesLesson.rules.Select(static r => (r.Name, (SamplingRule?)r.Rule))];
                return ([.. SamplingRulesLesson.words], [.. rows.Select(static r => r.Name)], [.. rows.Select(static r => (Vec<double>)[.. new SamplingRules(r.Rule is null ? [] : [r.Rule])
                    .Probabilities(SamplingRulesLesson.logits, new(SamplingRulesLesson.prompt, SamplingRulesLesson.written))])]);
            }, most: 1, width: 480, height: 380),
        ],
        Laws =
        [
            new("a-distribution", "Whatever rules there are behind a ban, and in whatever order, what they leave is a distribution: nothing below 0, and 1 in all.", static key =>
            {
                var (rules, logits, written) = AnyRules(key);
                var left = rules.Probabilities(logits, new([], written));
                return LawCase.Of(left.All(static p => p >= 0) && Math.Abs(left.Sum() - 1) < 1e-9, $"{rules} leave {Shown.Of(left)} of the logits {Shown.Of(logits.Select(static l => (double)l))}");
            }),
            new("never-what-is-left-out", "A draw never gives a token that the rules left out.", static key =>
            {
                var (rules, logits, written) = AnyRules(key);
                var (left, token) = (rules.Probabilities(logits, new([], written)), rules.Next(logits, new([], written), key.FoldIn("draw")));
                return LawCase.Of(left[token] > 0, $"{rules} leave {Shown.Of(left)}, and {token} was drawn");
            }),
            new("temperature-keeps-order", "No temperature changes which of two tokens is the likelier.", static key =>
            {
                var draw = new Draws(key);
                var (logits, temperature) = (Logits(draw, 8), Math.Exp(draw.Between("temperature", -2, 2)));
                var after = new SamplingRules([new TemperatureRule(temperature)]).Probabilities(logits, new([], []));
                return LawCase.Of(Enumerable.Range(0, 8).All(i => Enumerable.Range(0, 8).All(j => logits[i] <= logits[j] || after[i] >= after[j])), $"temperature {temperature} makes {Shown.Of(after)} of the logits {Shown.Of(logits.Select(static l => (double)l))}");
            }),
        ],
    };

    static float[] Logits(Draws draw, int count) => [.. draw.Normals("logits", count, 2).Select(static l => (float)l)];

    static (SamplingRules Rules, float[] Logits, int[] Written) AnyRules(Key key)
    {
        var draw = new Draws(key);
        SamplingRule[] all =
        [
            new TemperatureRule(draw.Between("temperature", 0.1, 3)), new TopKRule(draw.Whole("k", 1, 8)), new TopPRule(draw.Between("p", 0.05, 1)), new MinPRule(draw.Between("min p", 0, 1)),
            new TypicalPRule(draw.Between("typical", 0.05, 1)), new RepetitionRule(draw.Between("repetition", 0.5, 2)), new PresenceRule(draw.Between("presence", -2, 2)), new FrequencyRule(draw.Between("frequency", -2, 2)),
            new BiasRule([new(draw.Whole("biased", 0, 7), draw.Between("bias", -5, 5))]), new BanRule([draw.Whole("banned", 0, 7)]),
        ];
        // A ban behind them may take all that they left, which is what the lesson says of order; so it comes first here, or not at all.
        var some = draw.Below("which", draw.Whole("count", 1, 4), all.Length).Select(i => all[i]).Distinct().OrderBy(static r => r is BanRule ? 0 : 1);
        return (new([.. some]), Logits(draw, 8), draw.Below("written", 5, 8));
    }

    static Lesson Speculative => new("22-speculative-by-counting", "Speculative decoding, by counting", "Why a draft model changes nothing but the time: every way in which a draft may go is counted, and the sum is what the large model gives.", Lesson.Says(SpeculativeByCounting.Text))
    {
        Pictures =
        [
            Picture.Lines("Words with each reading of the large model", "By how many are drafted, for drafts that are kept so often; the lesson's are kept in one of two cases.", "drafts", "words", static () =>
            {
                var lesson = SpeculativeByCounting.Kept([0.5, 0.25, 0.25], [0.25, 0.75, 0]);
                return [.. ((double[])[0.25, lesson, 0.75, 0.9]).Select(static kept => new Trace(FormattableString.Invariant($"kept {kept:0.00}"), [.. Enumerable.Range(0, 9).Select(k => ((double)k, SpeculativeByCounting.Words(kept, k)))]))];
            }),
            Picture.Cells("Of 144 parts, where a draft goes", "A row is a draft, a column the word that comes. Sun is drafted in a quarter of all cases and sea in the others; so weighted, the columns are what the large model finds likely: a half and two quarters.",
                static () => (["sun", "sea", "sky"], ["sun", "sea"], [.. Enumerable.Range(0, 2).Select(static draft => (Vec<double>)[.. SpeculativeByCounting.Count([0.5, 0.25, 0.25], [0.25, 0.75, 0], draft).Select(static n => (double)n)])]),
                most: 144, width: 320, height: 220),
        ],
        Laws =
        [
            new("exact", "Drafts from any distribution, kept and replaced by the rule, come out as the large model alone has them.", static key =>
            {
                var draw = new Draws(key);
                var size = draw.Whole("words", 2, 6);
                var (p, q) = (draw.Shares("p", size, 2), draw.Shares("q", size, 2));
                var outcome = new double[size];
                for (var draft = 0; draft < size; draft++)
                {
                    var (kept, rest) = (Speculation.Acceptance(p, q, draft), Speculation.Residual(p, q, draft));
                    outcome[draft] += q[draft] * kept;
                    for (var i = 0; i < size && rest.Sum() > 0; i++) outcome[i] += q[draft] * (1 - kept) * rest[i] / rest.Sum();
                }
                return LawCase.Same(p, outcome, $"p = {Shown.Of(p)}, q = {Shown.Of(q)}");
            }),
            new("kept-as-they-overlap", "A draft is kept with the chance that both distributions have in common: the sum of the smaller of each two.", static key =>
            {
                var draw = new Draws(key);
                var size = draw.Whole("words", 2, 6);
                var (p, q) = (draw.Shares("p", size, 2), draw.Shares("q", size, 2));
                return LawCase.Same(SpeculativeByCounting.Kept(p, q), Enumerable.Range(0, size).Sum(i => q[i] * Speculation.Acceptance(p, q, i)), $"p = {Shown.Of(p)}, q = {Shown.Of(q)}");
            }),
        ],
    };
}
