using Functional.Base;
using Functional.Subwords;
using Functional.Text;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Formats;

/// <summary>tiktoken's rank files: on each line a token in base 64 and its rank, which is its id. Two tokens merge whose bytes together are a token, the lowest rank first.</summary>
public static class RankFile
{
    const int FaultsShown = 8;

    /// <summary>The tokenizer of a rank file.</summary>
    /// <param name="text">The whole file.</param>
    /// <param name="regex">What cuts text into pieces; the file does not say.</param>
    /// <param name="special">Special tokens and their ids; the file does not say.</param>
    /// <param name="file">What faults call the file.</param>
    public static Validation<Fault, Tokenizer> Parse(string text, string regex, Vec<(string Content, int Id)> special = default, string file = "ranks")
    {
        var (ranks, faults) = (new SortedDictionary<int, byte[]>(), new List<Fault>());
        var number = 0;
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            number++;
            if (line.IsWhiteSpace()) continue;
            if (Line(line) is not (var token, var rank))
                faults.Add(new($"{file}, line {number}", "is no token in base 64 and its rank", $"expected such as IQ== 0, ranks up to {ModelReader.MostId}"));
            else if (!ranks.TryAdd(rank, token)) faults.Add(new($"{file}, line {number}", $"has rank {rank} for the second time", "allowed: each rank once"));
            if (faults.Count == FaultsShown) break;
        }
        if (ranks.Count == 0 && faults.Count == 0) faults.Add(new(file, "has no tokens", "expected a token in base 64 and its rank on each line"));
        foreach (var (content, id) in special.Where(s => ranks.ContainsKey(s.Id))) faults.Add(new(file, $"has rank {id}, which is the id of {content}", "allowed: other ranks"));
        return faults.Count > 0 ? Validation<Fault, Tokenizer>.Fail(faults.ToSeq().Strict())
            : Of(ranks, regex, special, file);
    }

    static (byte[], int)? Line(ReadOnlySpan<char> line)
    {
        var blank = line.IndexOf(' ');
        if (blank <= 0 || !int.TryParse(line[(blank + 1)..], System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var rank)
            || rank > ModelReader.MostId) return null;
        var bytes = new byte[blank];
        return Convert.TryFromBase64Chars(line[..blank], bytes, out var length) && length > 0 ? (bytes[..length], rank) : null;
    }

    static Validation<Fault, Tokenizer> Of(SortedDictionary<int, byte[]> ranks, string regex, Vec<(string Content, int Id)> special, string file)
    {
        var names = new string?[ranks.Keys.Last() + 1];
        var tokens = new byte[]?[names.Length];
        foreach (var (rank, token) in ranks) (names[rank], tokens[rank]) = (StandIns.Text(token), token);
        var merges = PairMerges.Of(new(tokens), [.. ranks.Keys], static _ => true);
        if (names.Where(static n => n is not null).Distinct().Count() != ranks.Count) return Fault.Of<Tokenizer>(file, "has a token twice", "allowed: each token once");
        return SubwordTokenizers.ByBytes(names.ToVec(), merges, regex, special.Map(static s => new AddedToken(s.Id, s.Content)), ignoresMerges: true, file);
    }
}

/// <summary>Merges of vocabularies that rank tokens rather than pairs.</summary>
static class PairMerges
{
    /// <summary>Every way to make a token of two, the tokens in the order in which they are preferred, and of one token those of the lower ids first.</summary>
    /// <param name="tokens">The tokens.</param>
    /// <param name="order">Their ids, the preferred ones first.</param>
    /// <param name="mayCut">Whether a token's bytes may be cut before one.</param>
    public static Vec<Merge> Of(TokenTable tokens, IReadOnlyList<int> order, Func<byte, bool> mayCut)
    {
        var merges = new List<Merge>();
        var ways = new List<Merge>();
        foreach (var id in order)
        {
            var token = tokens[id];
            ways.Clear();
            for (var cut = 1; cut < token.Length; cut++)
                if (mayCut(token[cut]) && tokens.Find(token[..cut]) is >= 0 and var left && tokens.Find(token[cut..]) is >= 0 and var right) ways.Add(new(left, right, id));
            ways.Sort(static (a, b) => (a.Left, a.Right).CompareTo((b.Left, b.Right)));
            merges.AddRange(ways);
        }
        return merges.ToVec();
    }
}
