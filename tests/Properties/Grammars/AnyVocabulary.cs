using Xunit;

namespace Functional.Tests.Properties.Grammars;

/// <summary>Tokenizers of any kind, decided by numbers; and texts that a constraint lets through, drawn token by token.</summary>
static class AnyVocabulary
{
    /// <summary>Bytes; characters of some texts; or byte-level BPE that was trained on JSON.</summary>
    public static Tokenizer Of(int kind) => (kind % 4) switch
    {
        0 => ByteTokenizer.Instance,
        1 => CharTokenizer.Train("{}[]\":,.-+0123456789 abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_\\/é漢😀"),
        2 => CharTokenizer.Train("{}[]\":,.-012 aeilnrstuf"),
        _ => bpe.Value,
    };

    // Tokens over several characters and over parts of one, and a special one that is no text.
    static readonly Lazy<Tokenizer> bpe = new(static () =>
    {
        var training = new BpeTraining(400, 1, ["<|end|>"]);
        var text = string.Join(' ', Enumerable.Range(0, 200).Select(static i => $"{{\"name\": \"né{i}漢\", \"age\": {i}, \"tags\": [true, false, null, \"a\\n\"]}}"));
        return SubwordTokenizers.Of(BpeTrainer.Train(WordCounts.Of(text, Splitter.Gpt2), training), training, Splitter.Gpt2);
    });

    /// <summary>What uniform draws among the tokens that may come give, and whether it ended before its budget was used up.</summary>
    public static (string Text, bool Ended) Draw(Constraint constraint, Tokenizer tokenizer, int budget, Key key)
    {
        var (state, bytes) = (constraint.Start, new List<byte>());
        var couldEnd = constraint.Shortest(state) <= budget;
        for (var i = 0; i < budget; i++)
        {
            var mask = constraint.Mask(state, budget - i);
            int[] allowed = [.. Enumerable.Range(0, tokenizer.VocabularySize).Where(mask.Has)];
            Assert.Equal(mask.Count, allowed.Length);
            var accepts = constraint.Accepts(state);
            // No dead ends: something may come, or the end.
            Assert.True(accepts || allowed.Length > 0);
            var pick = key.Below(i, allowed.Length + (accepts ? 1 : 0));
            if (pick == allowed.Length) return (Text(bytes), true);
            bytes.AddRange(tokenizer.Bytes(allowed[pick]));
            state = constraint.Next(state, allowed[pick]);
            Assert.True(state > 0);
        }
        if (couldEnd) Assert.True(constraint.Accepts(state));
        return (Text(bytes), constraint.Accepts(state));
    }

    // A half of a character would show.
    static string Text(List<byte> bytes) => new System.Text.UTF8Encoding(false, true).GetString([.. bytes]);
}
