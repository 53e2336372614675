using FsCheck;
using Xunit;

namespace Functional.Tests.Properties.Generation;

/// <summary>Texts that are written side by side, each by rules of its own.</summary>
public sealed class StreamLaws
{
    static readonly Tokenizer bytes = ByteTokenizer.Instance;

    static TinyGpt Model(int seed, IEngine? engine = null, int width = 8) => new(seed, new DecoderConfig { Layers = 1, Heads = 2, Width = width, Context = 40, Vocabulary = 256 }, engine);

    static Request Any(int seed, int i, Constraint digits, Constraint json)
    {
        var key = Key.Seed((ulong)seed).FoldIn(i);
        int Pick(int what, int n) => (int)key.Below(what, n);
        Vec<SamplingRule> rules =
        [
            .. new SamplingRule[]
            {
                new RepetitionRule(1.3), new PresenceRule(0.5), new FrequencyRule(0.2), new BiasRule([new(65, 2)]), new BanRule([66, 67]), new MinPRule(0.02), new TypicalPRule(0.9), new TopKRule(50),
            }.Where((_, r) => Pick(10 + r, 3) == 0), new TemperatureRule(Pick(1, 3)),
        ];
        return new([.. Enumerable.Range(0, 1 + Pick(2, 6)).Select(t => Pick(100 + t, 256))], SamplingRules.Usual(rules), 1 + Pick(3, 14), key)
        {
            Ends = Pick(4, 2) == 0 ? [Pick(5, 256), 7] : [], Stops = Pick(6, 2) == 0 ? ["A", "\u0001", "é"] : [], KeepsStop = Pick(7, 2) == 0,
            Constraint = Pick(8, 4) switch { 0 => digits, 1 => json, _ => null }, Likely = Pick(9, 3), Drafts = Pick(20, 2) * (1 + Pick(21, 4)), Lookup = Pick(22, 2),
        };
    }

    static (Constraint, Constraint) Constraints() => (
        Constraint.Regex("[0-9]+(?:,[a-z]{2,5})*", TokenTrie.Of(bytes)).IfFail(static _ => throw new InvalidOperationException()),
        Constraint.Schema(Json.Parse("""{"type":"object","properties":{"n":{"type":"integer"}},"required":["n"]}""", "").IfFail(static _ => new Json.Null()), TokenTrie.Of(bytes))
            .IfFail(static _ => throw new InvalidOperationException()));

    static Dictionary<int, (string Text, Answer Whole)> Run(Streams streams)
    {
        var (texts, done) = (new Dictionary<int, string>(), new Dictionary<int, (string, Answer)>());
        while (!streams.IsIdle)
            foreach (var piece in streams.Step())
            {
                Assert.True(piece.Text.Length > 0 || piece.Whole is not null);
                Assert.False(done.ContainsKey(piece.Id));
                texts[piece.Id] = texts.GetValueOrDefault(piece.Id, "") + piece.Text;
                if (piece.Whole is { } whole) done[piece.Id] = (texts[piece.Id], whole);
            }
        return done;
    }

    static string Shown(Answer a) => $"{a.Text}|{a.End}|{a.IsWhole}|{string.Join(' ', a.Tokens)}|{string.Join(' ', a.LogProbs)}|{string.Join(' ', a.Likely.Select(static l => l.ToString()))}";

    /// <summary>
    /// Whatever the neighbours are and whenever they come: rules, ends, stops, constraints, drafts of a model and look-ups side by side give each text what it is alone, to the bit; and what is
    /// told of it is its text.
    /// </summary>
    [Property(MaxTest = 3)]
    public void A_text_does_not_depend_on_its_neighbours(PositiveInt seed, PositiveInt count)
    {
        using var subject = Model(seed.Get, new ManagedEngine(1));
        using var small = Model(seed.Get + 1, new ManagedEngine(1));
        var (digits, json) = Constraints();
        Request[] requests = [.. Enumerable.Range(0, 3 + count.Get % 4).Select(i => Any(seed.Get, i, digits, json))];
        using var one = subject.Batcher(1);
        using var oneDraft = small.Batcher(1);
        var (oneDigits, oneJson) = Constraints();
        var alone = requests.Select((r, i) =>
        {
            using var streams = new Streams(one, bytes, oneDraft);
            // Of a constraint that has worked out other things before.
            streams.Add(Any(seed.Get, i, oneDigits, oneJson));
            var (text, whole) = Assert.Single(Run(streams)).Value;
            Assert.Equal(whole.Text, text);
            return whole;
        }).ToArray();
        using var batcher = subject.Batcher(3);
        using var draft = small.Batcher(3);
        using var all = new Streams(batcher, bytes, draft);
        var ids = new List<int>(requests.Take(2).Select(all.Add));
        var early = all.Step();
        ids.AddRange(requests.Skip(2).Select(all.Add));
        var gone = all.Add(requests[0]);
        var beside = all.Step();
        all.Remove(gone);
        var done = Run(all);
        var pieces = early.Concat(beside).ToArray();
        for (var i = 0; i < requests.Length; i++)
        {
            var whole = done.TryGetValue(ids[i], out var late) ? late.Whole : pieces.Single(p => p.Id == ids[i] && p.Whole is not null).Whole!;
            Assert.Equal(Shown(alone[i]), Shown(whole));
            Assert.Equal(whole.Text, string.Concat(pieces.Where(p => p.Id == ids[i]).Select(static p => p.Text)) + late.Text);
        }
        Assert.Equal((3, 3, 1), (batcher.Free, draft.Free, one.Free));
    }

    /// <summary>Without any of it, a text is the generator's.</summary>
    [Property(MaxTest = 10)]
    public void A_plain_text_is_the_generators(PositiveInt seed, PositiveInt shape, byte t)
    {
        using var subject = new TinyGpt(seed.Get, shape.Get);
        using var decoder = subject.Decoder();
        using var batcher = subject.Batcher(2);
        var config = new SamplingConfig { Temperature = t % 4 / 2.0, TopK = t % 5, TopP = t % 3 == 0 ? 0.8 : 1 };
        // Far beyond the context, which is read again by halves.
        var expected = string.Concat(new Generator(decoder, TinyGpt.Tokenizer, LineEnds.Lf).Text([1, 2], 45, new(config), Key.Seed(5)));
        using var streams = new Streams(batcher, TinyGpt.Tokenizer);
        streams.Add(new Request([1, 2], SamplingRules.Of(config), 45, Key.Seed(5)));
        Assert.Equal(expected, Assert.Single(Run(streams)).Value.Whole.Text);
    }

    /// <summary>Log-probabilities are the model's own, before temperature and rules.</summary>
    [Property(MaxTest = 8)]
    public void Log_probabilities_are_the_models(PositiveInt seed, byte likely)
    {
        using var subject = Model(seed.Get);
        using var batcher = subject.Batcher(1);
        using var streams = new Streams(batcher, bytes);
        streams.Add(new Request([1, 2], SamplingRules.Usual([new TemperatureRule(2), new BanRule([9]), new MinPRule(0.01)]), 6, Key.Seed(5)) { Likely = 1 + likely % 4 });
        var whole = Assert.Single(Run(streams)).Value.Whole;
        for (var i = 0; i < whole.Tokens.Count; i++)
        {
            var logits = subject.Logits([1, 2, .. whole.Tokens.Take(i)]);
            var normal = Math.Log(logits.Sum(static l => Math.Exp(l)));
            Assert.Equal(logits[whole.Tokens[i]] - normal, whole.LogProbs[i], 1e-4);
            int[] order = [.. Enumerable.Range(0, logits.Length).OrderByDescending(j => logits[j]).Take(1 + likely % 4)];
            Assert.Equal(order.Select(j => logits[j] - normal), whole.Likely[i].Select(static l => (double)l.LogProb), (a, b) => Math.Abs(a - b) < 1e-4);
            Assert.Equal(order, whole.Likely[i].Select(static l => l.Token));
        }
        Assert.Equal(whole.LogProbs.Sum(static p => (double)p), whole.LogProb);
    }

    /// <summary>Texts behind one prompt are what they are each by itself, and fewer are the first of more.</summary>
    [Property(MaxTest = 8)]
    public void Samples_share_their_prompt(PositiveInt seed, byte count, byte rows)
    {
        using var subject = Model(seed.Get, new ManagedEngine(1));
        using var batcher = subject.Batcher(1 + rows % 4);
        var request = new Request([1, 2, 3, 4, 5, 6, 7, 8, 9], SamplingRules.Of(new()), 5, Key.Seed(1));
        // What one may not write, another may.
        var (digits, _) = Constraints();
        Request[] all = [.. Enumerable.Range(0, 1 + count % 6).Select(i => request with { Key = Key.Seed((ulong)i), Constraint = i % 2 == 0 ? digits : null })];
        using var together = new Streams(batcher, bytes);
        var ids = together.Add([.. all]);
        var done = Run(together);
        foreach (var (id, own) in ids.Zip(all))
        {
            using var alone = new Streams(batcher, bytes);
            alone.Add(own);
            Assert.Equal(Shown(Assert.Single(Run(alone)).Value.Whole), Shown(done[id].Whole));
        }
    }

    // The likeliest text, drafted or not.
    static Answer Greedy(TinyGpt subject, TinyGpt? small, int drafts, int lookup, int most = 60)
    {
        using var batcher = subject.Batcher(1);
        using var draft = small?.Batcher(1);
        using var streams = new Streams(batcher, bytes, draft);
        streams.Add(new Request([1, 2, 1, 2, 1], SamplingRules.Greedy, most, Key.Seed(1)) { Drafts = drafts, Lookup = lookup });
        return Assert.Single(Run(streams)).Value.Whole;
    }

    /// <summary>
    /// The likeliest text is the same with drafts, beyond the context, too, by a model that agrees, one that knows nothing, and a look-up; but for ties: several tokens at once are summed in
    /// another order, and the first token that differs is as likely up to that rounding.
    /// </summary>
    [Property(MaxTest = 6)]
    public void The_likeliest_text_is_the_same_with_drafts(PositiveInt seed, byte drafts, bool managed)
    {
        using var subject = Model(seed.Get, managed ? new ManagedEngine(1) : new ReferenceEngine());
        using var same = Model(seed.Get, new ManagedEngine(1));
        using var other = Model(seed.Get + 1, new ManagedEngine(1));
        var plain = Greedy(subject, null, 0, 0);
        foreach (var draft in new[] { same, other, null })
        {
            var drafted = Greedy(subject, draft, 1 + drafts % 6, draft is null ? 1 + drafts % 2 : 0);
            Assert.Equal(plain.Tokens.Count, drafted.Tokens.Count);
            var at = plain.Tokens.Zip(drafted.Tokens).TakeWhile(static t => t.Item1 == t.Item2).Count();
            // Each has its own place's log-probability, drafted or not.
            for (var i = 0; i < Math.Min(at, 30); i++) Assert.Equal(plain.LogProbs[i], drafted.LogProbs[i], 1e-3f);
            if (at < plain.Tokens.Count && at < 35) Tied(subject.Logits([1, 2, 1, 2, 1, .. plain.Tokens.Take(at)]), plain.Tokens[at], drafted.Tokens[at]);
        }

        static void Tied(float[] logits, int one, int other) => Assert.Equal(logits[one], logits[other], 1e-3);
    }

    /// <summary>Logits of several tokens at once are those of one after the other, up to rounding.</summary>
    [Property(MaxTest = 10)]
    public void Several_tokens_at_once_are_read_as_one_by_one(PositiveInt seed, byte count, byte before)
    {
        foreach (var (engine, tolerance) in new (IEngine, double)[] { (new ReferenceEngine(), 1e-5), (new ManagedEngine(1), 1e-4) })
        {
            using var subject = Model(seed.Get, engine);
            using var batcher = subject.Batcher(2);
            int[] prompt = subject.Tokens(1 + before % 9), tokens = [.. subject.Tokens(40).Skip(20).Take(1 + count % 9)];
            var (all, one, next) = (batcher.Join(), batcher.Join(), new float[256]);
            batcher.Read(all, prompt, next);
            batcher.Read(one, prompt, next);
            var logits = new float[tokens.Length * 256];
            Assert.True(batcher.ReadAll(all, tokens, logits));
            for (var i = 0; i < tokens.Length; i++)
            {
                batcher.Read(one, [tokens[i]], next);
                for (var j = 0; j < 256; j++) Assert.Equal(next[j], logits[i * 256 + j], tolerance * (1 + Math.Abs(next[j])));
            }
            Assert.Equal(prompt.Length + tokens.Length, batcher.Position(all));
            // What was read too far is forgotten: both go on alike.
            batcher.CutBack(all, tokens.Length - 1);
            batcher.CutBack(one, tokens.Length - 1);
            var other = new float[256];
            batcher.Read(all, [3], other);
            batcher.Read(one, [3], next);
            for (var j = 0; j < 256; j++) Assert.Equal(next[j], other[j], tolerance * (1 + Math.Abs(next[j])));
        }
    }

    /// <summary>A text ends at a stop wherever tokens begin, in the middle of a character's bytes as well, and what it keeps is asked for.</summary>
    [Fact]
    public void Stops_reach_across_tokens()
    {
        static (string, Answer) Said(string text, Vec<string> stops, bool keeps = false)
        {
            using var subject = Model(1);
            using var batcher = subject.Batcher(1);
            using var streams = new Streams(batcher, bytes);
            var said = System.Text.Encoding.UTF8.GetBytes(text);
            var told = new List<string>();
            streams.Add(new Request([1], new([new ForceRule([.. said.Select((b, i) => new ForcedToken(i, b))])]), said.Length, default) { Stops = stops, KeepsStop = keeps });
            return Assert.Single(Run(streams)).Value;
        }
        Assert.Equal(("one é", AnswerEnd.Stopped), Said("one é漢字 two", ["漢字", "zzz"]) is var (t, a) && t == a.Text ? (t, a.End) : default);
        Assert.Equal("one é漢字", Said("one é漢字 two", ["漢字", "漢"[..0] + "字 x"], keeps: true).Item1);
        Assert.Equal("one é漢字 two", Said("one é漢字 two", ["漢字x", "two!"]).Item1);
        // Of two that begin at the same place the longer, where it is there with the same token; else the first that is whole.
        Assert.Equal("a", Said("abcd", ["bcd", "b"]).Item1);
        Assert.Throws<ArgumentException>(() => Said("a", [""]));
    }

    /// <summary>Whatever pieces a text comes in, the first place where a stop stands counts, and of stops that begin there the longest that is whole.</summary>
    [Property(MaxTest = 300)]
    public void The_first_stop_counts_and_of_two_the_longer(byte[] text, byte[] sizes, ushort some)
    {
        string[] all = ["a", "ab", "ba", "aba", "abb", "bbbb"];
        Vec<string> stops = [.. all.Where((_, i) => (some >> i & 1) != 0), .. all.Reverse().Where((_, i) => (some >> i + 6 & 1) != 0)];
        var (said, subject) = (new string([.. text.Select(static b => "ab"[b & 1])]), new StopTexts(stops));
        for (int at = 0, i = 0; at < said.Length; i++)
        {
            var size = Math.Min(1 + (i < sizes.Length ? sizes[i] % 5 : 3), said.Length - at);
            var found = subject.Push(System.Text.Encoding.UTF8.GetBytes(said.Substring(at, size)));
            at += size;
            var places = stops.Select(s => (At: said.IndexOf(s, 0, at, StringComparison.Ordinal), s.Length)).Where(static p => p.At >= 0).ToArray();
            Assert.Equal(places.Length == 0 ? null : places.OrderBy(static p => p.At).ThenByDescending(static p => p.Length).First(), found);
            if (found is not null) return;
        }
    }

    /// <summary>Constraints end texts: by an end token where they may end alone, in time, and where nothing may follow.</summary>
    [Property(MaxTest = 20)]
    public void A_constrained_text_is_what_it_must_be(PositiveInt seed, byte budget, bool ends, byte t)
    {
        using var subject = Model(seed.Get);
        using var batcher = subject.Batcher(1);
        using var streams = new Streams(batcher, bytes);
        Vec<int> end = ends ? [255] : [];
        var constraint = Constraint.Regex("(?:ab|cd)+(?:\\.|!)", TokenTrie.Of(bytes, [.. end])).IfFail(static _ => throw new InvalidOperationException());
        streams.Add(new Request([1], SamplingRules.Usual([new TemperatureRule(t % 3), new TopKRule(t % 4)]), 1 + budget % 12, Key.Seed(1)) { Constraint = constraint, Ends = end });
        var whole = Assert.Single(Run(streams)).Value.Whole;
        var fits = System.Text.RegularExpressions.Regex.IsMatch(whole.Text, @"\A(?:ab|cd)+(?:\.|!)\z");
        Assert.Equal(fits, whole.IsWhole);
        Assert.Equal(1 + budget % 12 >= 3, fits);
        Assert.True(fits ? whole.End is AnswerEnd.Complete or AnswerEnd.Said or AnswerEnd.Length : whole.End == AnswerEnd.Length);
    }

    /// <summary>A beam of one is the greedy text, and no beam finds a text that is less likely than all others it has seen.</summary>
    [Property(MaxTest = 8)]
    public void Beams_are_carried_out(PositiveInt seed, byte width, byte length)
    {
        using var subject = Model(seed.Get);
        using var batcher = subject.Batcher(8);
        var request = new Request([1, 2], SamplingRules.Greedy, 1 + length % 7, default) { Ends = [3, 4] };
        using var streams = new Streams(batcher, bytes);
        streams.Add(request);
        Assert.Equal(Assert.Single(Run(streams)).Value.Whole.Tokens, Assert.Single(BeamSearch.Of(batcher, bytes, request, 1, 1)).Tokens);
        var best = BeamSearch.Of(batcher, bytes, request, 1 + width % 8, 0);
        Assert.Equal(best.Select(static a => a.LogProb).OrderDescending(), best.Select(static a => a.LogProb));
        foreach (var answer in best)
        {
            var sum = Enumerable.Range(0, answer.Tokens.Count).Sum(i => subject.Logits([1, 2, .. answer.Tokens.Take(i)]) is var l ? l[answer.Tokens[i]] - Math.Log(l.Sum(static x => Math.Exp(x))) : 0);
            Assert.Equal(sum, answer.LogProb, 1e-3);
        }
        Assert.Equal(8, batcher.Free);
        var constrained = request with { Constraint = Constraint.Regex("[ab]{2}", TokenTrie.Of(bytes, [3, 4])).IfFail(static _ => throw new InvalidOperationException()), Most = 5 };
        Assert.All(BeamSearch.Of(batcher, bytes, constrained, 4, 1), static a => Assert.Matches("^[ab]{2}$", a.Text));
        // What would not fit is not begun.
        var narrow = request with { Constraint = Constraint.Regex("ab|cde", TokenTrie.Of(bytes)).IfFail(static _ => throw new InvalidOperationException()), Ends = [], Most = 2 };
        Assert.Equal(("ab", true), Assert.Single(BeamSearch.Of(batcher, bytes, narrow, 2, 1)) is var fits ? (fits.Text, fits.IsWhole) : default);
        // What may end has room for no more: it is over, with an end token or without one.
        var tight = request with { Constraint = Constraint.Regex("a(?:bc)*", TokenTrie.Of(bytes)).IfFail(static _ => throw new InvalidOperationException()), Ends = [], Most = 2 };
        Assert.Equal(("a", true), BeamSearch.Of(batcher, bytes, tight, 2, 1)[0] is var a ? (a.Text, a.IsWhole) : default);
        Assert.All(BeamSearch.Of(batcher, bytes, tight with { Most = 3 }, 2, 1), static a => Assert.Equal(("abc", true), (a.Text, a.IsWhole)));
    }

    [Fact]
    public void What_cannot_be_added_is_said()
    {
        using var subject = Model(1);
        using var batcher = subject.Batcher(1);
        using var streams = new Streams(batcher, bytes);
        var request = new Request([1], SamplingRules.Greedy, 3, default);
        Assert.Throws<ArgumentException>(() => streams.Add(request with { Prompt = [] }));
        Assert.Throws<ArgumentException>(() => streams.Add(request with { Most = 0 }));
        Assert.Throws<ArgumentException>(() => streams.Add(request with { Drafts = 64 }));
        Assert.Throws<ArgumentException>(() => streams.Add([request, request with { Prompt = [2] }]));
        Assert.True(streams.IsIdle);
        using var other = new TinyGpt(1, 1);
        using var foreign = other.Batcher(1);
        Assert.Throws<ArgumentException>(() => new Streams(batcher, bytes, foreign));
        streams.Add(request with { Rules = new([new BanRule([.. Enumerable.Range(0, 256)])]) });
        Assert.Throws<ArgumentException>(() => streams.Step());
        streams.Dispose();
        Assert.Equal(1, batcher.Free);
    }
}
