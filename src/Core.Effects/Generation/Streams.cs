using Functional.Base;
using Functional.Sampling;
using Functional.Text;

namespace Functional.Generation;

/// <summary>
/// Texts that are written side by side, each to a <see cref="Request"/> of its own: rules, stops, constraint, length and key. Requests come and go at any time, and wait while all rows are
/// taken; each step writes a token of every text, or more where drafts are accepted. What a text becomes does not depend on the others; see <see cref="Batcher"/> for the rounding of sums.
/// </summary>
/// <remarks>
/// Log-probabilities are the model's own, before any rule. Not for several threads at once. Owns no batcher; the rows are free again where texts are over or removed.
/// </remarks>
public sealed class Streams : IDisposable
{
    readonly Batcher batcher;
    readonly Tokenizer tokenizer;
    readonly Batcher? draft;
    readonly Queue<Group> waiting = [];
    readonly List<Voice> active = [];
    readonly float[] step;
    float[] several = [];
    int last;

    /// <summary>No text yet.</summary>
    /// <param name="batcher">What reads; texts are written in its free rows.</param>
    /// <param name="tokenizer">The model's own.</param>
    /// <param name="draft">A smaller model of the same vocabulary that drafts, with as many rows; nothing for none.</param>
    /// <exception cref="ArgumentException">The draft has another vocabulary, or fewer rows.</exception>
    public Streams(Batcher batcher, Tokenizer tokenizer, Batcher? draft = null)
    {
        if (draft is not null && (draft.Vocabulary != batcher.Vocabulary || draft.Rows < batcher.Rows))
            throw new ArgumentException($"the draft has {draft.Vocabulary} tokens and {draft.Rows} rows, the model {batcher.Vocabulary} and {batcher.Rows}.");
        (this.batcher, this.tokenizer, this.draft, step) = (batcher, tokenizer, draft, new float[batcher.Rows * batcher.Vocabulary]);
    }

    /// <summary>Whether no text is being written or waits.</summary>
    public bool IsIdle => active.Count == 0 && waiting.Count == 0;

    /// <summary>Adds a text.</summary>
    /// <returns>What its pieces are called.</returns>
    /// <exception cref="ArgumentException">The request has no prompt, no room for a token, or an empty stop.</exception>
    public int Add(Request request) => Add([request])[0];

    /// <summary>Adds texts behind the same prompt, which is read once.</summary>
    /// <returns>What their pieces are called, in order.</returns>
    /// <exception cref="ArgumentException">Their prompts differ, or as for one.</exception>
    public Vec<int> Add(Vec<Request> requests)
    {
        foreach (var request in requests)
        {
            if (request.Prompt.Count == 0 || request.Prompt != requests[0].Prompt) throw new ArgumentException("texts that are added together go on from the same prompt of a token or more.");
            if (request.Most < 1) throw new ArgumentException("a text has one token or more.");
            if (request.Drafts is < 0 or >= Batcher.MostAtOnce) throw new ArgumentException($"{request.Drafts} drafts; allowed: 0 to {Batcher.MostAtOnce - 1}.");
        }
        var passages = requests.Map(request => new Passage(++last, request, tokenizer));
        if (passages.Count > 0) waiting.Enqueue(new(passages));
        return passages.Map(static p => p.Id);
    }

    /// <summary>Gives a text up; one that is over already is none.</summary>
    public void Remove(int id)
    {
        foreach (var group in waiting) group.Left.RemoveAll(p => p.Id == id);
        foreach (var voice in active.Where(v => v.Passage.Id == id).ToList()) Leave(voice);
    }

    /// <summary>Writes on: those that wait begin as far as there are rows, and every text is told that has more of it, in the order in which they began.</summary>
    /// <exception cref="NotFiniteNumberException">The model's numbers are not finite.</exception>
    /// <exception cref="ArgumentException">The rules of a text leave no token.</exception>
    public Vec<StreamPiece> Step()
    {
        var pieces = new List<StreamPiece>();
        var begun = Begin(pieces);
        // Drafts are read row by row, and by themselves; all others together.
        Voice[] going = [.. active.Where(v => !begun.Contains(v))];
        var plain = going.Where(v => !Speculate(v, pieces)).ToList();
        if (plain.Count == 0) return [.. pieces];
        var logits = step.AsSpan(0, plain.Count * batcher.Vocabulary);
        batcher.Step([.. plain.Select(static v => v.Row)], [.. plain.Select(static v => v.Passage.Last)], logits);
        for (var i = 0; i < plain.Count; i++) Take(plain[i], logits.Slice(i * batcher.Vocabulary, batcher.Vocabulary), pieces);
        return [.. pieces];
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var voice in active.ToList()) Leave(voice);
        while (waiting.TryDequeue(out var group)) group.Dispose();
    }

    // The first of a group reads the prompt; the others begin where it stood then.
    HashSet<Voice> Begin(List<StreamPiece> pieces)
    {
        var begun = new HashSet<Voice>();
        while (waiting.TryPeek(out var group))
        {
            if (group.Left.Count > 0 && batcher.Free == 0) break;
            if (group.Left.Count == 0)
            {
                waiting.Dequeue().Dispose();
                continue;
            }
            var passage = group.Left[0];
            group.Left.RemoveAt(0);
            var row = group.Kept is { } kept ? batcher.Join(kept) : batcher.Join();
            var voice = new Voice(passage, row);
            active.Add(voice);
            begun.Add(voice);
            if (group.Kept is null)
            {
                group.Logits = new float[batcher.Vocabulary];
                batcher.Read(row, passage.Request.Prompt.Span, group.Logits);
                if (group.Left.Count > 0) group.Kept = batcher.Keep(row);
            }
            Take(voice, group.Logits.AsSpan().ToArray(), pieces);
        }
        return begun;
    }

    void Take(Voice voice, Span<float> logits, List<StreamPiece> pieces)
    {
        var before = Before.Of(logits, voice.Passage.Request.Likely);
        // A token that is chosen has the logit that it had.
        var token = voice.Passage.Choose(logits);
        Tell(voice, voice.Passage.Add(token, before.At(logits, token), before.Likely), "", pieces);
    }

    void Tell(Voice voice, Answer? whole, string text, List<StreamPiece> pieces)
    {
        text += voice.Passage.Tell(whole);
        if (whole is not null) Leave(voice);
        if (text.Length > 0 || whole is not null) pieces.Add(new(voice.Passage.Id, text, whole) { Tokens = voice.Passage.Fresh() });
    }

    // Whether it wrote: where there is nothing to draft, or no room, it writes as all do.
    bool Speculate(Voice voice, List<StreamPiece> pieces)
    {
        var passage = voice.Passage;
        var most = Math.Min(passage.Request.Drafts, passage.Request.Most - passage.Count - 1);
        if (most < 1) return false;
        var (drafts, from) = passage.Request.Lookup > 0 ? Found(passage, most) : draft is null ? ([], []) : (voice.Drafter ??= new(draft)).Draft(passage, most);
        if (drafts.Length == 0) return false;
        var (n, vocabulary) = (drafts.Length, batcher.Vocabulary);
        if (several.Length < (n + 1) * vocabulary) several = new float[(n + 1) * vocabulary];
        var logits = several.AsSpan(0, (n + 1) * vocabulary);
        if (!batcher.ReadAll(voice.Row, [passage.Last, .. drafts], logits))
        {
            voice.Drafter?.Keep(passage, 0);
            return false;
        }
        var (target, befores) = (new List<double[]>(), new List<Before>());
        for (var i = 0; i <= n; i++)
        {
            var own = logits.Slice(i * vocabulary, vocabulary);
            befores.Add(Before.Of(own, passage.Request.Likely));
            if (passage.Probabilities(own, drafts.AsSpan(0, i)) is not { } probabilities) break;
            target.Add(probabilities);
        }
        // Behind a draft that cannot be, nothing is asked.
        var count = target.Count - 1;
        var (tests, last) = (new double[count], new double[count + 1]);
        for (var i = 0; i <= count; i++)
        {
            last[i] = passage.KeyAt(passage.Count + i).Uniform(0);
            if (i < count) tests[i] = passage.KeyAt(passage.Count + i).FoldIn("test").Uniform(0);
        }
        var (accepted, next) = Speculation.Accept(target, from[..count], drafts.AsSpan(0, count), tests, last);
        Answer? whole = null;
        var text = "";
        for (var i = 0; i <= accepted && whole is null; i++)
        {
            var token = i < accepted ? drafts[i] : next;
            whole = passage.Add(token, befores[i].At(logits.Slice(i * vocabulary, vocabulary), token), befores[i].Likely);
            if (whole is null) text += passage.Tell(null);
        }
        if (whole is null)
        {
            batcher.CutBack(voice.Row, n - accepted);
            voice.Drafter?.Keep(passage, accepted);
        }
        Tell(voice, whole, text, pieces);
        return true;
    }

    static (int[], double[]?[]) Found(Passage passage, int most)
    {
        int[] found = [.. PromptLookup.Draft([.. passage.Request.Prompt, .. passage.Tokens], passage.Request.Lookup, most)];
        return (found, new double[]?[found.Length]);
    }

    void Leave(Voice voice)
    {
        active.Remove(voice);
        batcher.Leave(voice.Row);
        voice.Drafter?.Leave();
    }

    // Texts behind one prompt that wait.
    sealed class Group(Vec<Passage> passages) : IDisposable
    {
        public List<Passage> Left { get; } = [.. passages];

        public SequenceState? Kept { get; set; }

        public float[] Logits { get; set; } = [];

        public void Dispose() => Kept?.Dispose();
    }

    sealed class Voice(Passage passage, int row)
    {
        public Passage Passage => passage;

        public int Row => row;

        public Drafter? Drafter { get; set; }
    }
}
