using Functional.Testing;
using LanguageExt;
using Xunit;

namespace Functional.Tests.Properties.Training;

public class RunFolderTests
{
    static string Faults<T>(Validation<Fault, T> outcome) => TinyRun.Faults(outcome);

    [Fact]
    public void A_finished_run_opens_with_its_newest_and_best_model()
    {
        using var scratch = new Scratch();
        var ended = TinyRun.Get(TinyRun.Train(scratch["run"], TinyRun.Config));
        var run = TinyRun.Get(RunFolder.Open(scratch["run"]));
        Assert.Equal(5, run.Config.Model.Vocabulary);
        Assert.Equal(TinyRun.Data(TinyRun.Config).Tokenizer, run.Tokenizer);
        var (newest, best) = (TinyRun.Get(run.Checkpoint()), TinyRun.Get(run.Checkpoint("best")));
        Assert.Equal((7, ended.State.BestStep), (newest.Step, best.Step));
        using var engine = new ReferenceEngine();
        using var model = TinyRun.Get(run.Load(engine, newest));
        Assert.Equal(Transformer.Of(run.Config.Model).Specs.Names, model.Buffers.Names);
        Assert.Contains(model.Buffers.Values, static b => b.ToArray<float>().Any(static v => v != 0));
    }

    [Fact]
    public void Only_the_last_and_the_best_checkpoints_stay()
    {
        using var scratch = new Scratch();
        var ended = TinyRun.Get(TinyRun.Train(scratch["run"],
            TinyRun.Config with { Stage = TinyRun.Config.Stage with { SaveEvery = 1, Keep = 2, Steps = 9, EvalEvery = 4,
                Optimiser = TinyRun.Config.Stage.Optimiser with { LearningRate = 0.5 } } }));
        Assert.Equal([.. new[] { 9L, 8, ended.State.BestStep }.Distinct().OrderDescending()],
            new CheckpointStore(scratch["run/stages/pretrain/checkpoints"]).Steps);
    }

    [Fact]
    public void Two_runs_cannot_have_one_folder()
    {
        using var scratch = new Scratch();
        var data = TinyRun.Data(TinyRun.Config);
        using (TinyRun.Get(RunSession.Begin(scratch["run"], Recipe.Of(TinyRun.Config), data, Disk.Real)))
        {
            var expected = $"{scratch["run"]}: another run is training in this folder; allowed: one at a time; wait for it or choose another folder";
            Assert.Equal(expected, Faults(RunSession.Begin(scratch["run"], Recipe.Of(TinyRun.Config), data, Disk.Real)));
            Assert.Equal(expected, Faults(TinyRun.Resume(scratch["run"], TinyRun.Config, data, Disk.Real)));
        }
        // What a killed process leaves: the file, and nobody who holds it.
        Assert.True(File.Exists(scratch["run/run.lock"]));
        TinyRun.Get(TinyRun.Train(scratch["run"], TinyRun.Config));
    }

    [Fact]
    public void A_run_is_not_begun_over_another()
    {
        using var scratch = new Scratch();
        TinyRun.Get(TinyRun.Train(scratch["run"], TinyRun.Config));
        var before = TinyRun.Remains(scratch["run"]);
        Assert.Equal($"{scratch["run"]}: already holds a run; allowed: resume it, or choose another folder",
            Faults(RunSession.Begin(scratch["run"], Recipe.Of(TinyRun.Config), TinyRun.Data(TinyRun.Config), Disk.Real)));
        File.Delete(scratch["run/config.yaml"]);
        Assert.Contains("already holds a run", Faults(RunSession.Begin(scratch["run"], Recipe.Of(TinyRun.Config), TinyRun.Data(TinyRun.Config), Disk.Real)),
            StringComparison.Ordinal);
        Assert.Equal(before["metrics.jsonl"], File.ReadAllBytes(scratch["run/stages/pretrain/metrics.jsonl"]));
    }

    [Fact]
    public void A_run_that_did_no_step_gives_its_place_to_another()
    {
        using var scratch = new Scratch();
        var data = TinyRun.Data(TinyRun.Config);
        TinyRun.Get(RunSession.Begin(scratch["run"], Recipe.Of(TinyRun.Config), data, Disk.Real)).Dispose();
        TinyRun.Get(TinyRun.Train(scratch["run"], TinyRun.Config with { Stage = TinyRun.Config.Stage with { Batch = 1 } }));
        Assert.Equal(1, TinyRun.Get(RunFolder.Open(scratch["run"])).Config.Stage.Batch);

        // A step without a checkpoint is something to lose; and a configuration alone may be anybody's.
        Directory.Delete(scratch["run/stages/pretrain/checkpoints"], recursive: true);
        Assert.Contains("already holds a run", Faults(RunSession.Begin(scratch["run"], Recipe.Of(TinyRun.Config), data, Disk.Real)), StringComparison.Ordinal);
        File.Delete(scratch["run/stages/pretrain/metrics.jsonl"]);
        Assert.Contains("already holds a run", Faults(RunSession.Begin(scratch["run"], Recipe.Of(TinyRun.Config), data, Disk.Real)), StringComparison.Ordinal);
        Directory.Delete(scratch["run/stages"], recursive: true);
        Assert.Contains("already holds a run", Faults(RunSession.Begin(scratch["run"], Recipe.Of(TinyRun.Config), data, Disk.Real)), StringComparison.Ordinal);
    }

    [Fact]
    public void Folders_that_cannot_hold_a_run_are_faults()
    {
        using var scratch = new Scratch();
        File.WriteAllText(scratch["file"], "");
        var data = TinyRun.Data(TinyRun.Config);
        foreach (var place in (string[])[scratch["file"], scratch["file/run"], "/proc/run", ""])
            Assert.Matches("^.*: .*; expected a folder that can be written$", Faults(RunSession.Begin(place, Recipe.Of(TinyRun.Config), data, Disk.Real)));
        Assert.Equal($"{scratch["none"]}: does not exist; expected a run's folder, with config.yaml in it", Faults(RunFolder.Open(scratch["none"])));
        Assert.Equal($"{scratch.Path}: holds no run; expected a run's folder, with config.yaml in it", Faults(RunFolder.Open(scratch.Path)));
    }

    /// <summary>
    /// A configuration that was cut off would have its last settings be the defaults: it is refused wherever it was cut, but in its last line.
    /// </summary>
    [Fact]
    public void A_configuration_that_was_cut_off_is_refused()
    {
        using var scratch = new Scratch();
        TinyRun.Get(TinyRun.Train(scratch["run"], TinyRun.Config));
        var text = File.ReadAllText(scratch["run/config.yaml"]);
        for (var length = 0; length < text.TrimEnd().LastIndexOf('\n'); length += 7)
        {
            File.WriteAllText(scratch["run/config.yaml"], text[..length]);
            Assert.NotEqual("", Faults(RunFolder.Open(scratch["run"])));
        }
        File.WriteAllText(scratch["run/config.yaml"], text[..(text.IndexOf("batch:", StringComparison.Ordinal))]);
        Assert.Equal($"{scratch["run/config.yaml"]}: is cut off: clip, the last setting, is missing; expected the file that training wrote",
            Faults(RunFolder.Open(scratch["run"])));
        File.WriteAllText(scratch["run/config.yaml"], text);
        TinyRun.Get(RunFolder.Open(scratch["run"]));
    }

    [Fact]
    public void A_folder_in_place_of_a_file_is_a_fault()
    {
        foreach (var name in (string[])["run.lock", "tokenizer.json.partial", "config.yaml.partial"])
        {
            using var scratch = new Scratch();
            Directory.CreateDirectory(scratch[$"run/{name}"]);
            Assert.Contains("permission denied", Faults(TinyRun.Train(scratch["run"], TinyRun.Config)), StringComparison.Ordinal);
        }
    }

    /// <summary>What is somebody else's is never written over or removed, whatever it is called.</summary>
    [Fact]
    public void What_is_somebody_elses_stays()
    {
        void Kept(string file, bool holds, string fault)
        {
            using var scratch = new Scratch();
            TinyRun.Get(RunSession.Begin(scratch["run"], Recipe.Of(TinyRun.Config), TinyRun.Data(TinyRun.Config), Disk.Real)).Dispose();
            if (!holds) Directory.Delete(scratch["run"], recursive: true);
            Directory.CreateDirectory(Path.GetDirectoryName(scratch[$"run/{file}"])!);
            File.WriteAllText(scratch[$"run/{file}"], "precious");
            Assert.Equal($"{scratch["run"]}{fault}", Faults(RunSession.Begin(scratch["run"], Recipe.Of(TinyRun.Config), TinyRun.Data(TinyRun.Config), Disk.Real)));
            Assert.Equal("precious", File.ReadAllText(scratch[$"run/{file}"]));
        }

        const string Occupied = ": already holds a run; allowed: resume it, or choose another folder";
        foreach (var holds in (bool[])[false, true])
            foreach (var file in (string[])["stages/mine/notes.txt", "stages/pretrain/metrics.jsonl", "stages/pretrain/checkpoints/step-00000001.mine", "stages/pretrain/notes.txt"])
                Kept(file, holds, Occupied);
        Kept("tokenizer.json", holds: false, "/tokenizer.json: is there already, and is not this run's; allowed: another folder");
    }

    [Fact]
    public void Another_text_or_tokenizer_is_refused_on_resuming()
    {
        using var scratch = new Scratch();
        TinyRun.Get(TinyRun.Train(scratch["run"], TinyRun.Config));
        var begun = TinyRun.Get(RunFolder.Open(scratch["run"])).Config;
        Assert.Equal("data: the embedded corpus is not the text that the run was begun with; allowed: that text, of 260 tokens", Resume("abc. "));
        Assert.Equal("tokenizer: is a char tokenizer, 6 tokens for the embedded corpus, other than the run's char tokenizer, 5 tokens; allowed: the tokenizer that the run was begun with", Resume("abc. x"));

        string Resume(string letters)
        {
            var text = string.Concat(Enumerable.Repeat(letters, 100));
            var tokenizer = CharTokenizer.Of(RuneSet.Empty.Add(text));
            var data = TinyRun.Get(tokenizer.Encode(text).Bind(ids => RunData.Of(TinyRun.Config, tokenizer, TokenStream.Of(ids))));
            return Faults(TinyRun.Resume(scratch["run"], begun, data, Disk.Real));
        }
    }
}
