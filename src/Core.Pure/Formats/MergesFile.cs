using System.Text.Json;
using Functional.Base;
using Functional.Subwords;
using Functional.Text;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Formats;

/// <summary>GPT-2's pair of files: <c>vocab.json</c>, an object from tokens to ids, and <c>merges.txt</c>, two tokens on each line, the first merge first.</summary>
public static class MergesFile
{
    const string EndOfText = "<|endoftext|>";

    /// <summary>The tokenizer of both files; GPT-2's end of a text is a special token where it is in the vocabulary.</summary>
    /// <param name="vocabulary">The text of <c>vocab.json</c>.</param>
    /// <param name="merges">The text of <c>merges.txt</c>.</param>
    /// <param name="splitter">What cuts text into pieces; GPT-2's where nothing is said.</param>
    /// <param name="vocabularyFile">What faults call the one.</param>
    /// <param name="mergesFile">What faults call the other.</param>
    public static Validation<Fault, Tokenizer> Parse(string vocabulary, string merges, Splitter? splitter = null, string vocabularyFile = "vocab.json",
        string mergesFile = "merges.txt")
    {
        var (inVocabulary, inMerges) = (new JsonFields(vocabularyFile), new JsonFields(mergesFile));
        try
        {
            using var document = JsonDocument.Parse(vocabulary);
            var (names, ids) = new ModelReader(inVocabulary).Vocabulary(document.RootElement, "the vocabulary");
            var (reader, list) = (new ModelReader(inMerges), new List<Merge>());
            var number = 0;
            foreach (var line in merges.Split('\n'))
            {
                number++;
                var bare = line.TrimEnd('\r');
                if (bare.Length == 0 || (number == 1 && bare.StartsWith("#version", StringComparison.Ordinal))) continue;
                if (ModelReader.Halves(bare) is (var left, var right)) reader.Merge(left, right, ids, $"line {number}", list);
                else inMerges.Add($"line {number}", $"is {JsonSerializer.Serialize(bare)}", "expected two tokens with a blank between");
            }
            var faults = inVocabulary.Faults.Concat(inMerges.Faults).ToSeq().Strict();
            Vec<AddedToken> added = ids.TryGetValue(EndOfText, out var end) ? [new(end, EndOfText)] : [];
            return faults.IsEmpty ? Success<Fault, Tokenizer>(SubwordTokenizers.ByBytes(names, list.ToVec(), splitter ?? Splitter.Gpt2, added, ignoresMerges: false))
                : Validation<Fault, Tokenizer>.Fail(faults);
        }
        catch (InvalidOperationException)
        {
            return Fault.Of<Tokenizer>(vocabularyFile, "holds half a surrogate pair", "allowed: Unicode text");
        }
        catch (JsonException e)
        {
            return Fault.Of<Tokenizer>($"{vocabularyFile}, line {e.LineNumber + 1}", "is not JSON", "expected an object of tokens and their ids");
        }
    }
}
