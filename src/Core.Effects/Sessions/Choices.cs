using Functional.Base;
using Functional.Data;
using Functional.Dialogues;
using Functional.Engines;
using Functional.Graphs;
using Functional.Layers;
using Functional.Learning;
using Functional.Models;
using LanguageExt;

namespace Functional.Sessions;

/// <summary>Questions with answers to choose from, as tokens.</summary>
/// <param name="Encoder">What made tokens of them.</param>
/// <param name="Rows">The questions.</param>
/// <param name="Examples">Of each question its choices, behind what is left of the question.</param>
/// <param name="Cut">How many questions lost their beginning.</param>
public sealed record Choices(DialogueEncoder Encoder, Vec<Located<MultipleChoice>> Rows, Vec<Vec<Example>> Examples, int Cut)
{
    const int AtOnce = 16, LeastWidth = 8;

    /// <summary>Those of a file, or of the embedded world those that a run has not learned.</summary>
    /// <param name="run">The run.</param>
    /// <param name="file">A file of rows; nothing for the world's.</param>
    /// <param name="template">How they are asked; nothing for what the run was trained with: one that learned a text goes on with a text.</param>
    /// <param name="columns">Which columns of the file are meant.</param>
    /// <param name="most">How many at most, spread evenly over all; 0 for all.</param>
    /// <param name="like">A run whose questions it is asked in place of its own, as that would be; nothing for itself.</param>
    /// <param name="stop">Asks to give up.</param>
    public static Validation<Fault, Choices> Of(RunFolder run, string? file, string? template = null, string? columns = null, int most = 0, RunFolder? like = null,
        CancellationToken stop = default) =>
        from encoder in RowParts.Encoder((like ?? run).Config, run.Tokenizer, run.Note, template ?? RowParts.TextOf(like ?? run))
        from rows in file is null ? RowParts.Choices(like ?? run, stop) : RowParts.AllChoices(file, columns, stop)
        let some = Questions.Spread(rows, most)
        from fitted in Prepare.Choices(some, encoder, run.Config.Model.Context)
        select new Choices(encoder, some, fitted.Map(static f => f.Examples), fitted.Count(static f => f.Cut != Dialogues.Cut.None));

    /// <summary>
    /// What a model thinks of every choice: the sum of the log-probabilities of its tokens, each given all before it. Rows are read by their lengths, so that little
    /// is padding; neither that nor which rows are read together changes a score, but for the rounding of sums in float32.
    /// </summary>
    /// <param name="engine">Where it runs.</param>
    /// <param name="model">The model.</param>
    /// <param name="parameters">Its parameters by name.</param>
    /// <param name="rows">How many choices are read at once.</param>
    /// <param name="told">Is told how many choices are read.</param>
    /// <param name="stop">Asks to give up.</param>
    /// <exception cref="NotFiniteNumberException">The model's numbers are not finite.</exception>
    public ChoiceScores? Ask(IEngine engine, Model model, Params<IBuffer> parameters, int rows = AtOnce, Action<int>? told = null, CancellationToken stop = default)
    {
        var all = Examples.SelectMany(static (choices, question) => choices.Select((example, choice) => (Example: example, Question: question, Choice: choice))).ToArray();
        var sums = Examples.Select(static choices => new double[choices.Count]).ToArray();
        using var workspace = new Workspace(engine);
        workspace.Alias(parameters.Rename(Names.Param));
        var done = 0;
        foreach (var alike in all.GroupBy(one => Width(one.Example, model.Context)).OrderBy(static g => g.Key))
        {
            var shape = new BatchShape(Math.Clamp(alike.Count(), 1, rows), alike.Key);
            using var own = workspace.Within();
            own.Add(shape.Feed.Rename(Names.Feed));
            var program = own.Bind(Programs.TokenLogProbs(model, shape));
            foreach (var some in alike.Chunk(shape.Rows))
            {
                if (stop.IsCancellationRequested) return null;
                var (inputs, labels) = (new int[shape.Rows * shape.Time], new int[shape.Rows * shape.Time]);
                System.Array.Fill(labels, LinearCrossEntropy.Ignore);
                for (var row = 0; row < some.Length; row++)
                    for (var i = 0; i + 1 < some[row].Example.Ids.Count; i++)
                    {
                        inputs[row * shape.Time + i] = some[row].Example.Ids[i];
                        if (some[row].Example.Learns[i + 1]) labels[row * shape.Time + i] = some[row].Example.Ids[i + 1];
                    }
                own[Names.Inputs].Write<int>(inputs);
                own[Names.Labels].Write<int>(labels);
                program.Run();
                var logProbs = program[Names.LogProb].ToArray<float>();
                for (var row = 0; row < some.Length; row++)
                {
                    var sum = 0.0;
                    foreach (var number in logProbs.AsSpan(row * shape.Time, some[row].Example.Ids.Count - 1)) sum += number;
                    if (!double.IsFinite(sum)) throw new NotFiniteNumberException();
                    sums[some[row].Question][some[row].Choice] = sum;
                }
                told?.Invoke(done += some.Length);
            }
        }
        return new([.. Rows.Select((row, question) => new Chosen(row.Value, [.. Examples[question].Select((example, choice) =>
            ScoredChoice.Of(sums[question][choice], example.Learned, row.Value.Choices[choice]))]))], Cut);
    }

    // What is read of it: all but the last token, which is only predicted. Powers of two, so that there are few programs.
    static int Width(Example example, int context) => Math.Min(context, (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(LeastWidth, example.Ids.Count - 1)));
}
