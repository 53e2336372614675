using Functional.Base;
using Functional.Compiling;
using Functional.Data;
using Functional.Engines;
using Functional.Generation;
using Functional.Layers;
using Functional.Runs;
using Functional.Storage;

namespace Functional.Sessions;

/// <summary>
/// Lets a policy answer prompts, has the answers judged, and makes of both the rows that the next steps learn from. What it writes depends on the policy, the
/// prompts and the run's state alone, so that a run that was interrupted writes the same again.
/// </summary>
/// <remarks>Owns its caches and programs, not the parameters, which may change between rounds.</remarks>
sealed class Rollouts : IDisposable
{
    const int AtOnce = 64;

    readonly Practice practice;
    readonly Judging judging;
    readonly Batcher batcher;
    readonly Params<IBuffer> kept;
    readonly Workspace? own;
    readonly BoundProgram? numbers;
    readonly Vec<Named> outputs = [];
    readonly Batch? batch;

    public Rollouts(Workspace workspace, Stage stage, Practice practice, Params<IBuffer> parameters, Judging judging)
    {
        (this.practice, this.judging) = (practice, judging);
        var model = stage.Objective.Parts[0].Model;
        if (practice.Numbers is { } of)
        {
            (own, batch) = (workspace.Within(), new(stage.Rows, stage.Objective.Feed));
            own.Add(stage.Objective.Feed.Rename(Names.Feed));
            var program = stage.Objective.Numbers(of);
            (numbers, outputs) = (own.Bind(program), program.Outputs);
        }
        // What a checkpoint keeps of a round whose steps are not all done.
        kept = practice.Experience.Written.Feed.Map((name, type) => workspace.Add($"rollout/{name}", type));
        batcher = new(workspace.Engine, model, parameters, Math.Clamp(practice.Rules.Prompts * practice.Rules.Answers, 1, AtOnce));
    }

    /// <summary>The rows of the round, as a checkpoint keeps them.</summary>
    public SavedPart Saved => new("rollout", kept, Params<IBuffer>.Empty);

    /// <summary>Takes rows that came from a checkpoint.</summary>
    public void Loaded()
    {
        foreach (var (name, buffer) in kept)
        {
            var bytes = new byte[buffer.Type.Bytes];
            buffer.Read(bytes);
            practice.Experience.Written.Write(name, bytes);
        }
    }

    /// <summary>Makes the rows of the next round; nothing when the token asks to stop, and then nothing has changed.</summary>
    public Params<float>? Make(in RunState state, CancellationToken stop)
    {
        var key = state.RollOutKey;
        var asked = practice.Asked(state.Place.Round, state.DataKey);
        if (Answer(asked, practice.Prompts, judging.Prompts, practice.Rules.Answers, key, stop) is not { } groups) return null;
        practice.Rows(groups, practice.Experience.Written);
        practice.Finish?.Invoke(groups, OfRows(), practice.Experience.Written);
        foreach (var (name, buffer) in kept) buffer.Write(practice.Experience.Written[name]);
        return Shown(groups);
    }

    // What the models think of all rows, a batch at a time.
    Params<float[]> OfRows()
    {
        if (numbers is null || own is null || batch is null) return Params<float[]>.Empty;
        var rows = practice.Experience.Written;
        var all = outputs.Select(o => (o.Name, new float[(long)rows.Rows * (o.Value.Type.Size / batch.Rows)])).ToParams();
        for (var first = 0; first < rows.Rows; first += batch.Rows)
        {
            var some = Math.Min(batch.Rows, rows.Rows - first);
            for (var row = 0; row < some; row++) batch.CopyRow(row, rows, first + row);
            foreach (var (name, _) in batch.Feed) own[Names.Feed(name)].Write(batch[name]);
            numbers.Run();
            foreach (var (name, column) in all)
            {
                var values = numbers[name].ToArray<float>();
                values.AsSpan(0, some * (values.Length / batch.Rows)).CopyTo(column.AsSpan(first * (values.Length / batch.Rows)));
            }
        }
        return all;
    }

    /// <summary>Minus the mean reward of an answer to each prompt that is not learned, always drawn with the same keys; nothing when the token asks to stop.</summary>
    public double? Measure(CancellationToken stop) =>
        Answer([.. Enumerable.Range(0, practice.Kept.Count)], practice.Kept, judging.Kept, 1, Key.Seed(0).FoldIn("kept"), stop) is { } groups
            ? -groups.SelectMany(static g => g).Where(static r => r.Counts).Select(static r => r.Reward).DefaultIfEmpty(double.NaN).Average() : null;

    // An answer's key is of its prompt's place in the round and its own number, whoever is asked beside it.
    Vec<Vec<Rollout>>? Answer(Vec<int> asked, Vec<Vec<int>> prompts, Vec<Asked> texts, int each, Key key, CancellationToken stop)
    {
        var rules = practice.Rules;
        int[][] ids = [.. asked.Select(which => (int[])[.. prompts[which]])];
        var answers = Answers.Of(batcher, rules.Tokenizer, [.. ids.SelectMany(one => Enumerable.Repeat(one, each))],
            new(rules.Sampling, rules.Most, rules.Stops.Tokens, rules.Stops.Texts),
            [.. Enumerable.Range(0, asked.Count * each).Select(i => key.FoldIn(i / each).FoldIn(i % each))], stop: stop);
        if (answers.Length < asked.Count * each) return null;
        var rewards = judging.Judge.Rewards([.. answers.Select((answer, i) => (texts[asked[i / each]], answer.Text))]);
        return [.. asked.Select((which, i) => (Vec<Rollout>)[.. Enumerable.Range(i * each, each).Select(j => new Rollout(which, [.. ids[i], .. answers[j].Tokens], ids[i].Length,
            answers[j].LogProbs, answers[j].End != AnswerEnd.Length,
                rules.Worth(rewards[j], answers[j].End != AnswerEnd.Length)))])];
    }

    static Params<float> Shown(Vec<Vec<Rollout>> groups)
    {
        var all = groups.SelectMany(static g => g).ToArray();
        var counted = all.Where(static r => r.Counts).Select(static r => r.Reward).ToArray();
        var mean = counted.DefaultIfEmpty(double.NaN).Average();
        return Params.Of(("reward", (float)mean), ("reward-deviation", (float)Math.Sqrt(counted.Select(r => (r - mean) * (r - mean)).DefaultIfEmpty(double.NaN).Average())),
            ("length", (float)all.Average(static r => r.Length)), ("ended", (float)all.Average(static r => r.Ends ? 1.0 : 0)),
            ("even", groups.Count(static g => g.Where(static r => r.Counts).Select(static r => r.Reward).Distinct().Count() < 2) / (float)groups.Count),
            ("dropped", all.Length - counted.Length));
    }

    public void Dispose()
    {
        batcher.Dispose();
        own?.Dispose();
    }
}
