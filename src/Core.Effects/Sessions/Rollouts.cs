using Functional.Base;
using Functional.Compiling;
using Functional.Data;
using Functional.Engines;
using Functional.Generation;
using Functional.Graphs;
using Functional.Layers;
using Functional.Learning;
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
    readonly Judging? judging;
    readonly Batcher batcher;
    readonly Params<IBuffer> kept;
    readonly Workspace? own;
    readonly BoundProgram? numbers;
    readonly Vec<Named> outputs = [];
    readonly Batch? batch;
    readonly IBuffer? memory;
    PracticeState carried;

    public Rollouts(Workspace workspace, Stage stage, Practice practice, Params<IBuffer> parameters, Judging? judging)
    {
        (this.practice, this.judging, carried) = (practice, judging, practice.First);
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
        if (practice.Carries)
        {
            memory = workspace.Add("rollout/carried", new TensorType([PracticeState.Words], DType.I32));
            memory.Write<int>(carried.ToWords());
        }
        batcher = new(workspace.Engine, model, parameters, Math.Clamp(practice.Rules.Prompts * practice.Rules.Answers, 1, AtOnce));
    }

    /// <summary>The rows of the round, as a checkpoint keeps them.</summary>
    public SavedPart Saved => new("rollout", memory is null ? kept : kept.Add("carried", memory), Params<IBuffer>.Empty);

    /// <summary>Takes rows that came from a checkpoint.</summary>
    public void Loaded()
    {
        if (memory is not null) carried = practice.First.Of(memory.ToArray<int>());
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
        if (Round(state, stop) is not var (groups, judged, asked, resampled)) return null;
        var after = carried with { Asked = asked, Rewards = practice.Rules.Normalises ? carried.Rewards.With(judged) : carried.Rewards };
        var (rules, rows) = (practice.Rules, practice.Experience.Written);
        groups = groups.Map(g => g.Map(r => r with { Reward = rules.Learned(r.Judged, r.Ends, r.Length, after.Rewards) }));
        practice.Rows(groups, rows);
        practice.Beside?.Invoke(state, rows);
        var kl = practice.Finish?.Invoke(groups, OfRows(), carried, rows) ?? double.NaN;
        var shown = Shown(groups);
        if (rules.Resample > 0) shown = shown.Add("resampled", resampled);
        if (double.IsFinite(kl)) shown = shown.Add("kl", (float)kl).Add("kl-coefficient", (float)carried.Kl.Coefficient);
        carried = after with { Kl = carried.Kl.After(kl, groups.Sum(static g => g.Count(static r => r.Counts))) };
        foreach (var (name, buffer) in kept) buffer.Write(rows[name]);
        memory?.Write<int>(carried.ToWords());
        return shown;
    }

    // Answers to the prompts of a round, in groups; what judges gave all that were written; how many prompts there were so far, and how many of them this round in place
    // of others. Of a group whose answers are all worth the same nothing is learned: others are asked in its place (Yu et al. 2025).
    (Vec<Vec<Rollout>> Groups, Vec<double> Judged, long Asked, int Resampled)? Round(in RunState state, CancellationToken stop)
    {
        var (rules, from, first) = (practice.Rules, practice.Carries ? carried.Asked : state.Place.Round * practice.Rules.Prompts, 0);
        var (groups, judged, open) = (new Vec<Rollout>[rules.Prompts], new List<double>(), Enumerable.Range(0, rules.Prompts).ToArray());
        for (var time = 0; time <= rules.Resample && open.Length > 0; time++)
        {
            if (Answer(practice.Asked(from + first, open.Length, state.DataKey), practice.Prompts, judging?.Prompts ?? [], rules.Answers, state.RollOutKey, first, stop) is not { } more) return null;
            for (var i = 0; i < open.Length; i++)
                if (time == 0 || !IsEven(more[i])) groups[open[i]] = more[i];
            judged.AddRange(more.SelectMany(static g => g).Select(static r => r.Judged));
            first += open.Length;
            open = [.. open.Where(i => IsEven(groups[i]))];
        }
        return ([.. groups], [.. judged], from + first, first - rules.Prompts);
    }

    static bool IsEven(Vec<Rollout> group) => group.Where(static r => r.Counts).Select(static r => r.Reward).Distinct().Count() < 2;

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
        Answer([.. Enumerable.Range(0, practice.Kept.Count)], practice.Kept, judging?.Kept ?? [], 1, Key.Seed(0).FoldIn("kept"), 0, stop) is { } groups
            ? -groups.SelectMany(static g => g).Where(static r => r.Counts).Select(static r => r.Reward).DefaultIfEmpty(double.NaN).Average() : null;

    // An answer's key is of its prompt's place in the round and its own number, whoever is asked beside it.
    Vec<Vec<Rollout>>? Answer(Vec<int> asked, Vec<Vec<int>> prompts, Vec<Asked> texts, int each, Key key, int first, CancellationToken stop)
    {
        var rules = practice.Rules;
        int[][] ids = [.. asked.Select(which => (int[])[.. prompts[which]])];
        var answers = Answers.Of(batcher, rules.Tokenizer, [.. ids.SelectMany(one => Enumerable.Repeat(one, each))],
            new(rules.Sampling, rules.Most, rules.Stops.Tokens, rules.Stops.Texts),
            [.. Enumerable.Range(0, asked.Count * each).Select(i => key.FoldIn(first + i / each).FoldIn(i % each))], stop: stop);
        if (answers.Length < asked.Count * each) return null;
        // What nobody judges counts as it is.
        var kinds = judging?.Rewards([.. answers.Select((answer, i) => (texts[asked[i / each]], answer.Text))]) ?? [];
        var rewards = judging is null ? answers.Select(static _ => 0.0).ToVec() : Rewards.Sum(kinds, judging.Judges.Map(static j => j.Weight));
        return [.. asked.Select((which, i) => (Vec<Rollout>)[.. Enumerable.Range(i * each, each).Select(j => new Rollout(which, [.. ids[i], .. answers[j].Tokens], ids[i].Length,
            answers[j].LogProbs, answers[j].End != AnswerEnd.Length, rules.Worth(rewards[j], answers[j].End != AnswerEnd.Length, answers[j].Tokens.Count))
                { Judged = rewards[j], Kinds = kinds.Map(kind => kind[j]) })])];
    }

    // The reward is what judges gave, less penalties; what is learned of it is shown beside it where that is something else.
    Params<float> Shown(Vec<Vec<Rollout>> groups)
    {
        var (all, rules) = (groups.SelectMany(static g => g).ToArray(), practice.Rules);
        var form = Params.Of(("length", (float)all.Average(static r => r.Length)), ("ended", (float)all.Average(static r => r.Ends ? 1.0 : 0)));
        if (judging is null) return form;
        var counted = all.Where(static r => r.Counts).Select(r => rules.Worth(r.Judged, r.Ends, r.Length)).ToArray();
        var mean = counted.DefaultIfEmpty(double.NaN).Average();
        float Mean(IEnumerable<double> numbers) => (float)numbers.Where(double.IsFinite).DefaultIfEmpty(double.NaN).Average();
        var beside = (rules.Normalises || rules.Clip > 0 ? Params.Of(("reward-learned", Mean(all.Select(static r => r.Reward)))) : Params<float>.Empty)
            .Concat(judging.Judges.Count < 2 ? Params<float>.Empty : judging.Judges.SelectMany((j, i) => new[]
            {
                ($"reward/{j.Name}", Mean(all.Select(r => r.Kinds[i]))), ($"dropped/{j.Name}", all.Count(r => double.IsNaN(r.Kinds[i]))),
            }).ToParams());
        return Params.Of(("reward", (float)mean), ("reward-deviation", (float)Math.Sqrt(counted.Select(r => (r - mean) * (r - mean)).DefaultIfEmpty(double.NaN).Average())))
            .Concat(form).Concat(rules.Answers < 2 ? Params<float>.Empty : Params.Of(("even", groups.Count(IsEven) / (float)groups.Count)))
            .Add("dropped", all.Length - counted.Length).Concat(beside);
    }

    public void Dispose()
    {
        batcher.Dispose();
        own?.Dispose();
    }
}
