using Functional.Testing;
using Xunit;

namespace Functional.Tests.Properties.Data;

public class CorpusLaws
{
    [Property]
    public bool Documents_depend_on_seed_and_index_alone(ulong seed, ushort index)
    {
        var alone = Corpus.Document(seed, index);
        return Corpus.Documents(seed, index).Skip(2).First().Text == Corpus.Document(seed, index + 2L).Text
            && Corpus.Document(seed, index).Text == alone.Text && Corpus.Document(seed, index).Exercises == alone.Exercises
            && Corpus.Document(seed + 1, index).Text != alone.Text && Corpus.Document(seed, index + 1L).Text != alone.Text;
    }

    [Property]
    public bool Documents_hold_their_exercises(ulong seed, ushort index)
    {
        var document = Corpus.Document(seed, index);
        return document.Exercises.Count >= 2 && document.Text.EndsWith("\n\n", StringComparison.Ordinal)
            && document.Story.Match(
                story => document.Text.StartsWith(document.Exercises[0].Text, StringComparison.Ordinal)
                    && document.Text == story.Text + "\n" + string.Concat(document.Exercises.Select(e => e.Text[(story.Text.Length + 1)..])) + "\n",
                () => document.Text == string.Concat(document.Exercises.Select(e => e.Text)) + "\n");
    }

    [Property(MaxTest = 30)]
    public bool Text_is_the_first_documents(ulong seed, ushort characters)
    {
        var text = Corpus.Text(seed, characters);
        var documents = Corpus.Documents(seed).Select(d => d.Text).GetEnumerator();
        var at = 0;
        while (at < text.Length && documents.MoveNext())
        {
            if (at >= characters || !text.AsSpan(at).StartsWith(documents.Current, StringComparison.Ordinal)) return false;
            at += documents.Current.Length;
        }
        return at == text.Length && at >= characters;
    }

    /// <summary>The first characters of the default corpus: whoever trains on it elsewhere or later must read the same.</summary>
    [Fact]
    public void The_corpus_is_the_same_everywhere()
    {
        var text = Corpus.Text(1, 300_000);
        var tokenizer = CharTokenizer.Train(text);
        Assert.All(text, c => Assert.True(c is '\n' or (>= ' ' and <= '~')));
        Assert.Equal("\n !\"'+,-.0123456789:?ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", string.Concat(tokenizer.Runes));
        Assert.StartsWith("One morning, Kate was in the attic. Zack and Mia w", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_kind_and_many_words_occur()
    {
        var kinds = Corpus.Documents(3).Take(200).SelectMany(d => d.Exercises).Select(e => e.Kind).ToHashSet();
        Assert.Equal(6, kinds.Count);
        Assert.True(Corpus.Documents(3).Take(400).SelectMany(d => d.Text.Split([' ', '\n', '.'])).Distinct().Count() > 300);
    }
}
