using Functional.Testing;
using LanguageExt;

namespace Functional.Tests.Properties.Training;

/// <summary>Documents behind a token that begins them: windows say where each began, training and scores keep them apart.</summary>
public class DocumentLaws
{
    static RunConfig With(string? separator, string file) => TinyRun.Config with
    {
        Model = TinyRun.Config.Model with { Context = 6, Width = 8, Dropout = 0 },
        Stage = TinyRun.Config.Stage with { Source = TinyRun.Config.Stage.Source with { File = file, Separator = separator } },
    };

    /// <summary>Of each place in a window, the newest separator at or before it, or the window's beginning.</summary>
    [Property]
    public void A_window_says_where_its_documents_begin(int seed)
    {
        var random = new Random(seed);
        int[] tokens = [.. Enumerable.Range(0, 40).Select(_ => random.Next(3))];
        var source = MeasuringWindows.All(TokenStream.Of(tokens), 7, separator: 2);
        var batch = new Batch((int)source.Rows!.Value, source.Feed((int)source.Rows.Value));
        source.Fill(default, 0, batch);
        for (var row = 0; row < batch.Rows; row++)
        {
            var (inputs, starts) = (batch.Ints("inputs", row).ToArray(), batch.Ints("starts", row).ToArray());
            var count = Math.Min(7, 39 - row * 7);
            for (var i = 0; i < count; i++) Assert.Equal(Math.Max(0, System.Array.LastIndexOf(inputs, 2, i)), starts[i]);
        }
        Assert.False(MeasuringWindows.All(TokenStream.Of(tokens), 7).Feed(1).Contains("starts"));
    }

    /// <summary>What stands before a document changes neither its loss nor what is learned from it; without a separator it does.</summary>
    [Fact]
    public void A_document_is_learned_as_if_nothing_stood_before_it()
    {
        using var scratch = new Scratch();
        double Loss(string before, string? separator)
        {
            File.WriteAllText(scratch["text"], $"{before}|abcab");
            var config = With(separator, scratch["text"]);
            var tokenizer = CharTokenizer.Train("abc|xyz");
            var resolved = config with { Model = config.Model with { Vocabulary = tokenizer.VocabularySize, Context = 20 } };
            using var engine = new ManagedEngine(1);
            using var parameters = new Workspace(engine);
            var model = Transformer.Of(resolved.Model);
            foreach (var (name, spec) in model.Specs) parameters.Fill(name, spec);
            // Labels before the document count for the same in both texts only by their number: only those of the document are asked for.
            var ids = TinyRun.Get(tokenizer.Encode(File.ReadAllText(scratch["text"])));
            var objective = Objectives.NextToken(model, new(1, ids.Length - 1), texts: separator is not null);
            var source = MeasuringWindows.All(TokenStream.Of(ids), ids.Length - 1, TinyRun.Get(RunData.SeparatorOf(resolved, tokenizer)).ToNullable());
            var batch = new Batch(1, source.Feed(1));
            source.Fill(default, 0, batch);
            var labels = batch.Ints("labels", 0);
            labels[..^5].Fill(-100);
            using var workspace = new Workspace(engine);
            workspace.Alias(parameters.Buffers.Rename(Names.Param));
            foreach (var (name, type) in objective.Feed) workspace.Add(Names.Feed(name), type).Write<int>(batch.Ints(name, 0));
            var program = workspace.Bind(Programs.Measure(objective));
            program.Run();
            return program[Names.Loss].ToArray<float>()[0];
        }
        Assert.Equal(Loss("xyzxy", "|"), Loss("zzzzy", "|"), 1e-6);
        Assert.NotEqual(Loss("xyzxy", null), Loss("zzzzy", null), 1e-6);
    }

    [Fact]
    public void A_separator_is_one_token_that_the_tokenizer_knows()
    {
        var tokenizer = CharTokenizer.Train("ab|");
        Assert.Equal("separator: is ab, which is 2 tokens of the char tokenizer, 3 tokens; allowed: one token",
            TinyRun.Faults(RunData.SeparatorOf(With("ab", "f"), tokenizer)));
        Assert.Equal("separator: is x, which the char tokenizer, 3 tokens does not know; allowed: one token",
            TinyRun.Faults(RunData.SeparatorOf(With("x", "f"), tokenizer)));
        Assert.Equal((Option<int>)2, TinyRun.Get(RunData.SeparatorOf(With("|", "f"), tokenizer)));
    }
}
