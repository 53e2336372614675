using Functional.Base;
using Functional.Dialogues;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional;

/// <summary>What answers people are to judge.</summary>
public sealed record StudyOptions
{
    /// <summary>Who answers, by names that whoever writes knows; one or more, each once.</summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>How many answers a question has, 2 to 4.</summary>
    public int Answers { get; init; } = 2;

    /// <summary>How freely answers are drawn, above 0 and up to 10: at 0 all of a model are the same.</summary>
    public double Temperature { get; init; } = 0.8;

    /// <summary>How many tokens an answer has at most, 1 to 4096.</summary>
    public int Tokens { get; init; } = 128;

    /// <summary>How many questions are wanted: the first that have answers that differ; nothing for all.</summary>
    public int? Questions { get; init; }

    /// <summary>The same seed draws the same answers, and orders them alike, 0 or more.</summary>
    public long Seed { get; init; } = 1;

    /// <summary>These options, or every fault in them at once.</summary>
    public Validation<Fault, StudyOptions> Validate() => new[]
    {
        Fault.Unless(Models.Count > 0 && Models.All(static m => m.Length > 0) && Models.Distinct(StringComparer.Ordinal).Count() == Models.Count, "models", $"are {string.Join(", ", Models)}",
            "expected one or more, each once"),
        Fault.Unless(Answers is >= 2 and <= Study.MostAnswers, "answers", $"are {Answers}", $"allowed: 2 to {Study.MostAnswers}"),
        Fault.Unless(Temperature is > 0 and <= 10, "temperature", $"is {Temperature}", "allowed: above 0, up to 10"),
        Fault.Unless(Tokens is >= 1 and <= 4096, "tokens", $"are {Tokens}", "allowed: 1 to 4096"),
        Fault.Unless(Questions is null or >= 1, "questions", $"are {Questions}", "allowed: 1 or more"),
        Fault.Unless(Seed >= 0, "seed", $"is {Seed}", "allowed: 0 or more"),
    }.Gather().Map(_ => this);
}

/// <summary>Writes answers for a <see cref="Study"/>.</summary>
/// <param name="model">Who answers.</param>
/// <param name="prompt">What is asked.</param>
/// <param name="texts">How many answers are drawn.</param>
/// <param name="seed">What they are drawn with.</param>
/// <param name="cancellation">Gives up.</param>
public delegate Task<IReadOnlyList<string>> StudyWriter(string model, Vec<Message> prompt, int texts, long seed, CancellationToken cancellation);

/// <summary>Draws the answers that people are to judge.</summary>
public static class StudyDrawing
{
    // How often what is missing is drawn again before a question is passed over, and how many questions are asked at once.
    const int Tries = 4, AtOnce = 8;

    /// <summary>
    /// Asks questions until each has answers that differ; those for which all that is drawn is the same are passed over, and so are those that a model cannot read. Models
    /// have turns, so that each answers as often as the others.
    /// </summary>
    /// <param name="options">Who answers, and how.</param>
    /// <param name="questions">What is asked, each once.</param>
    /// <param name="writer">Who writes.</param>
    /// <param name="progress">Is told how many questions are done.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <exception cref="FunctionalException">An option is out of range, or no question has answers that differ.</exception>
    public static async Task<Study> DrawAsync(StudyOptions options, Vec<Vec<Message>> questions, StudyWriter writer, IProgress<int>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(writer);
        var valid = options.Validate().OrThrow();
        var (drawn, faults, wanted, done, asked) = (new StudyQuestion?[questions.Count], new Fault?[questions.Count], Math.Min(valid.Questions ?? questions.Count, questions.Count), 0, 0);
        // What is passed over is made up for by those that come after: which these are depends on nothing but the answers.
        while (asked < questions.Count && drawn.Count(static q => q is not null) is var found && found < wanted)
        {
            var some = Enumerable.Range(asked, Math.Min(wanted - found, questions.Count - asked)).ToList();
            asked += some.Count;
            await Parallel.ForEachAsync(some, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellation }, async (number, stop) =>
            {
                try
                {
                    drawn[number] = await Draw(valid, questions[number], number, writer, stop).ConfigureAwait(false);
                }
                catch (FunctionalException e)
                {
                    faults[number] = e.Faults[0];
                }
                if (valid.Questions is null || drawn[number] is not null) progress?.Report(Interlocked.Increment(ref done));
            }).ConfigureAwait(false);
        }
        Vec<StudyQuestion> whole = [.. drawn.OfType<StudyQuestion>()];
        if (whole.Count == 0)
            throw new FunctionalException(faults.OfType<Fault>().FirstOrDefault() ?? new Fault("questions", $"have no answers that differ: {asked} were asked", "allowed: a higher temperature, or other models"));
        return new([.. valid.Models], whole)
        {
            Seed = valid.Seed, Answers = valid.Answers, Temperature = valid.Temperature, Tokens = valid.Tokens, PassedOver = asked - whole.Count,
        };
    }

    static async Task<StudyQuestion?> Draw(StudyOptions options, Vec<Message> prompt, int number, StudyWriter writer, CancellationToken stop)
    {
        var (found, key) = (new StudyAnswer?[options.Answers], Key.Seed((ulong)options.Seed).FoldIn("draws").FoldIn((long)number));
        for (var attempt = 0; attempt < Tries && found.Any(static f => f is null); attempt++)
            foreach (var places in Enumerable.Range(0, options.Answers).Where(i => found[i] is null).GroupBy(i => (number + i) % options.Models.Count).ToList())
            {
                var seed = (long)(key.FoldIn((uint)places.Key).FoldIn((uint)attempt).Bits64(0) >> 1);
                var texts = await writer(options.Models[places.Key], prompt, places.Count(), seed, stop).ConfigureAwait(false);
                foreach (var (place, text) in places.Zip(texts.Select(static t => t.Trim()).Where(static t => t.Length > 0)))
                    if (found.All(f => f?.Text != text)) found[place] = new(text, options.Models[places.Key]);
            }
        return found.All(static f => f is not null) ? new(prompt, [.. found.Select(static f => f!)]) : null;
    }
}
