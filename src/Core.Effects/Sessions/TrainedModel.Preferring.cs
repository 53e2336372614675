using Functional.Base;
using Functional.Data;
using Functional.Dialogues;
using LanguageExt;

namespace Functional.Sessions;

/// <content>Which of two answers it would rather write.</content>
public sealed partial class TrainedModel
{
    /// <summary>
    /// How likely it finds the better and the worse answer of each comparison, in nats: the sums over their tokens, as training would have read them; nothing where the
    /// token asks to stop.
    /// </summary>
    /// <param name="pairs">Comparisons of two answers.</param>
    /// <param name="template">How they are read; nothing for what the run was trained with, or its model's own.</param>
    /// <param name="stop">Asks to give up.</param>
    /// <exception cref="NotFiniteNumberException">Its numbers are not finite.</exception>
    public Validation<Fault, Option<Vec<(double Better, double Worse)>>> Prefers(IReadOnlyCollection<Located<Ranking>> pairs, string? template = null, CancellationToken stop = default) =>
        from writes in Writes()
        from encoder in RowParts.Encoder(Run.Config, Run.Tokenizer, Run.Note, template)
        from read in pairs.Select(row => Prepare.Fit(row, encoder, Model.Context)).Gather()
        select TextLogProbs.Of(engine, Model, parameters.Buffers, [.. read.SelectMany(static f => f.Examples.Take(2))], stop: stop) is { } sums
            ? Prelude.Some((Vec<(double, double)>)[.. Enumerable.Range(0, read.Count).Select(i => (sums[2 * i], sums[2 * i + 1]))]) : Prelude.None;

    /// <summary>How it is asked where nobody says: as it learned to be, or by its own template; a model that only goes on with texts, by going on.</summary>
    public Validation<Fault, string> AskedBy() => Run.AskedBy();
}
