using System.Text.Json;
using Functional.Testing;
using Functional.Tests.Properties.Training;
using Xunit;

namespace Functional.Tests.Properties.Families;

/// <summary>Checkpoints that transformers wrote compute here what they compute there.</summary>
public sealed class FamilyGoldenTests
{
    // Theirs are float32: what one convention changes is a hundred times as much.
    const double OfFloat = 2e-5;

    public static TheoryData<string> Models => [.. Hf.Models];

    public static TheoryData<string> Judges => [.. Hf.Models.Where(static m => m.EndsWith("-seqcls", StringComparison.Ordinal))];

    public static TheoryData<string> Writers => [.. Hf.Models.Where(static m => !m.EndsWith("-seqcls", StringComparison.Ordinal))];

    static PublishedWeights Open(string name)
    {
        if (name != "llama-sharded") return TinyRun.Get(PublishedWeights.Open(Hf.Folder(name)));
        // Its shards stand where files of weights are tested.
        var folder = Directory.CreateTempSubdirectory("functional-sharded-").FullName;
        File.Copy(Path.Combine(Hf.Folder(name), "config.json"), Path.Combine(folder, "config.json"));
        foreach (var file in Directory.EnumerateFiles(Path.Combine(SourceTree.Root, "tests", "Properties", "Weights", "llama-sharded")))
            File.Copy(file, Path.Combine(folder, Path.GetFileName(file)));
        return TinyRun.Get(PublishedWeights.Open(folder));
    }

    [Theory, MemberData(nameof(Models))]
    public void Each_version_of_a_configuration_is_the_same_model(string name)
    {
        var newest = Hf.Config(name);
        Assert.Empty(newest.Remarks);
        foreach (var file in Directory.EnumerateFiles(Hf.Folder(name), "config.transformers-*.json").Select(static f => Path.GetFileName(f)!))
        {
            Assert.Equal(newest.Config, Hf.Config(name, file).Config);
            Assert.Equal(newest.Tokens, Hf.Config(name, file).Tokens);
            Assert.Empty(Hf.Config(name, file).Remarks);
        }
    }

    [Theory, MemberData(nameof(Writers))]
    public void Logits_and_losses_are_those_of_transformers(string name)
    {
        using var weights = Open(name);
        var (golden, parameters) = (Hf.Golden(name), Hf.Parameters(weights));
        // Two rows of OPT's positions are for padding alone, and are nobody's here.
        var unused = weights.Model.Family.Name == "opt" ? 2 * weights.Model.Config.Width : 0;
        Assert.Equal(golden.GetProperty("parameters_in_model").GetInt64() - unused, Transformer.Of(weights.Model.Config).ParameterCount);
        var (full, vocabulary) = (golden.GetProperty("full"), weights.Model.Config.Vocabulary);
        var ids = Hf.Ids(full.GetProperty("input_ids"));
        var logits = Hf.Logits(weights.Model, parameters, ids);
        double At(Value of, int row, int place, int token) => of[(((row * ids[0].Length) + place) * vocabulary) + token];
        foreach (var (row, lines) in full.GetProperty("logits_last4").EnumerateArray().Index())
            foreach (var (line, expected) in lines.EnumerateArray().Index())
                foreach (var (token, number) in expected.EnumerateArray().Index())
                    Assert.Equal(number.GetDouble(), At(logits, row, ids[0].Length - 4 + line, token), OfFloat);
        Assert.Equal(full.GetProperty("loss").GetDouble(), Loss(logits, ids, ids), OfFloat);
        Assert.Equal(full.GetProperty("logits_abs_sum").GetDouble(), Enumerable.Range(0, (int)logits.Type.Size).Sum(i => Math.Abs(logits[i])), 0.1);
        // What stands before a text is not seen by it, and positions count from its first token.
        var left = golden.GetProperty("left_pad");
        int[] starts = [.. left.GetProperty("attention_mask").EnumerateArray().Select(static row => row.EnumerateArray().TakeWhile(static m =>
            m.GetInt32() == 0).Count())];
        var padded = Hf.Logits(weights.Model, parameters, Hf.Ids(left.GetProperty("input_ids")), starts);
        Assert.Equal(left.GetProperty("logits_sum_row1_real_positions").GetDouble(),
            Enumerable.Range(starts[1], ids[0].Length - starts[1]).Sum(place => Enumerable.Range(0, vocabulary).Sum(token => At(padded, 1, place, token))),
                2e-3);
        var right = golden.GetProperty("right_pad");
        Assert.Equal(right.GetProperty("loss").GetDouble(),
            Loss(Hf.Logits(weights.Model, parameters, Hf.Ids(right.GetProperty("input_ids"))), Hf.Ids(right.GetProperty("input_ids")),
                Hf.Ids(right.GetProperty("labels"))), OfFloat);
    }

    // The mean over places whose next label counts.
    static double Loss(Value logits, int[][] ids, int[][] labels)
    {
        var (time, vocabulary) = (ids[0].Length, logits.Type.Shape[2]);
        double[] losses =
        [
            .. from row in Enumerable.Range(0, ids.Length)
               from place in Enumerable.Range(0, time - 1)
               let label = labels[row][place + 1]
               where label >= 0
               let scores = Enumerable.Range(0, vocabulary).Select(token => logits[(((row * time) + place) * vocabulary) + token]).ToArray()
               select Math.Log(scores.Sum(s => Math.Exp(s - scores.Max()))) + scores.Max() - scores[label],
        ];
        return losses.Average();
    }

    [Theory, MemberData(nameof(Judges))]
    public void Scores_of_texts_are_those_of_transformers(string name)
    {
        using var weights = Open(name);
        var (golden, parameters) = (Hf.Golden(name), Hf.Parameters(weights));
        Assert.Equal(1, weights.Model.Config.Labels);
        foreach (var side in (string[])["right", "left"])
        {
            var ids = Hf.Ids(golden.GetProperty($"input_ids_{side}_pad"));
            var masks = Hf.Ids(golden.GetProperty($"attention_mask_{side}_pad"));
            var logits = Hf.Logits(weights.Model, parameters, ids, [.. masks.Select(static m => m.TakeWhile(static one => one == 0).Count())]);
            foreach (var (row, score) in golden.GetProperty($"scores_{side}_pad").EnumerateArray().Index())
                Assert.Equal(score[0].GetDouble(), logits[(row * ids[0].Length) + Array.LastIndexOf(masks[row], 1)], OfFloat);
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void A_model_that_is_written_and_read_is_the_same(string name)
    {
        using var weights = Open(name);
        var folder = Directory.CreateTempSubdirectory("functional-written-").FullName;
        _ = TinyRun.Get(PublishedWeights.Write(folder, weights.Model.Family, weights.Model.Config, weights.Model.Tokens, "F32", (ours, into) =>
            weights.Read(ours, into), 40_000));
        using (var back = TinyRun.Get(PublishedWeights.Open(folder)))
        {
            Assert.Empty(back.Remarks);
            Assert.Empty(Canonical.Differences(weights.Model.Config, back.Model.Config));
            Assert.Equal(weights.Model.Tokens, back.Model.Tokens);
            var (before, after) = (Hf.Parameters(weights), Hf.Parameters(back));
            foreach (var (key, value) in before) Runs.Close(value, after[key], 0, key);
        }
        // What transformers wrote and what is written here have the same tensors, to the bit.
        using (WeightFolder theirs = TinyRun.Get(WeightFolder.Open(name == "llama-sharded" ? Path.Combine(SourceTree.Root, "tests", "Properties", "Weights",
            name) : Hf.Folder(name))),
            ours = TinyRun.Get(WeightFolder.Open(folder)))
        {
            Assert.Equal(theirs.Tensors.Names.Order(StringComparer.Ordinal), ours.Tensors.Names.Order(StringComparer.Ordinal));
            foreach (var (tensor, stored) in theirs.Tensors)
            {
                Assert.Equal(stored.Shape, ours.Tensors[tensor].Shape);
                var (a, b) = (new float[ElementView.Of(stored.Shape).Count], new float[ElementView.Of(stored.Shape).Count]);
                _ = TinyRun.Get(theirs.Read(tensor, a));
                _ = TinyRun.Get(ours.Read(tensor, b));
                // OPT's rows for padding belong to nobody here.
                var skipped = tensor.EndsWith("embed_positions.weight", StringComparison.Ordinal) ? 2 * (int)stored.Shape[1] : 0;
                Assert.Equal(a.Skip(skipped), b.Skip(skipped));
            }
        }
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>A file that says nothing but its kind means what transformers' classes say.</summary>
    [Theory, InlineData("defaults-4.52.json"), InlineData("defaults-5.3.json")]
    public void What_is_absent_is_what_transformers_takes(string file)
    {
        foreach (var (name, members) in ((Json.Map)Hf.Parsed(Hf.Folder(file))).Members.Where(static m => m.Value is Json.Map))
        {
            var silent = TinyRun.Get(Published.Read(new Json.Map(Params.Of<Json>(("model_type", new Json.Text(name)))), name));
            var spelled = TinyRun.Get(Published.Read(members, name));
            Assert.True(Canonical.Differences(silent.Config, spelled.Config) is { Count: 0 },
                $"{name}: {Canonical.Differences(silent.Config, spelled.Config)}");
            Assert.Equal(silent.Config, spelled.Config);
            Assert.Equal("", string.Join('\n', spelled.Remarks));
        }
    }
}
