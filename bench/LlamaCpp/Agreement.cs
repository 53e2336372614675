using System.Globalization;
using Functional.Text;

namespace Functional.Bench;

/// <summary>Whether llama.cpp writes what is written here: greedily, from the same tokens, for every type of weights.</summary>
static class Agreement
{
    const int Length = 40;

    public static async Task<bool> Of(string run, string prompt, string? family)
    {
        var folder = Directory.CreateTempSubdirectory("functional-gguf-").FullName;
        try
        {
            var all = true;
            foreach (var (type, bits) in new (string, int)[] { ("f32", 0), ("f16", 0), ("q8_0", 8), ("q4_0", 4) })
            {
                // What is kept in few bits here is what llama.cpp is given.
                var from = bits == 0 ? run : Path.Combine(folder, $"q{bits}");
                if (bits > 0) await LanguageModel.QuantiseAsync(run, from, bits);
                using var model = await LanguageModel.LoadAsync(from);
                var file = Path.Combine(folder, $"{type}.gguf");
                var (architecture, _) = await model.ExportGgufAsync(file, type, family);
                var ids = Ids(model, prompt);
                var limit = Math.Min(Length, model.Config.Model.Context - ids.Length);
                using var theirs = new Theirs(file, model.Config.Model.Context, 2);
                var (ours, length) = (new List<int>(ids), new FileInfo(file).Length);
                var (same, largest) = (0, 0f);
                var sameWords = model.Tokenizer is IdTokenizer || theirs.Encode(prompt).SequenceEqual(ids);
                for (var i = 0; i < ours.Count && same == Math.Max(0, i - ids.Length + 1); i++)
                {
                    var next = theirs.Read(ours[i]);
                    if (i < ids.Length - 1) continue;
                    var logits = (await model.LogitsAsync(ours))[0];
                    for (var k = 0; k < logits.Length; k++) largest = Math.Max(largest, Math.Abs(logits[k] - next[k]));
                    var (mine, other) = (Best(logits), Best(next));
                    if (mine == other) same++;
                    if (same < limit) ours.Add(mine);
                }
                var agrees = same == limit;
                all &= (agrees || bits > 0) && sameWords;
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{architecture,-7} {type,-5} {length,12:N0} bytes  tokens of the prompt {(sameWords ? "equal" : "DIFFER")}  {same,3} of {limit} greedy tokens equal{(agrees ? "" : bits > 0 ? "" : "  DIFFER")}  logits within {largest:0.0e+0}"));
            }
            return all;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    static int[] Ids(LanguageModel model, string prompt) => model.Tokenizer is IdTokenizer ? [.. Enumerable.Range(0, 5).Select(i => (7 * i + 3) % model.Tokenizer.VocabularySize)]
        : model.Tokenizer.Encode(prompt).IfFail(static faults => throw new ArgumentException(string.Join("; ", faults)));

    static int Best(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var i = 1; i < logits.Length; i++)
            if (logits[i] > logits[best]) best = i;
        return best;
    }
}
