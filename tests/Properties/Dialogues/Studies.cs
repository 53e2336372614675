namespace Functional.Tests.Properties.Dialogues;

/// <summary>Studies for tests.</summary>
static class Studies
{
    /// <summary>A study whose models' names stand nowhere in its questions and answers.</summary>
    public static Study Of(int seed, int questions, int answers, int models = 2)
    {
        Vec<string> names = [.. Enumerable.Range(0, models).Select(static m => $"runs/secret-{m}")];
        return new(names, [.. Enumerable.Range(0, questions).Select(q => new StudyQuestion(
            q % 3 == 2 ? [new(Role.System, "Be brief."), new(Role.User, $"question {q}?\n\"quoted\" \u2028 <b>")] : [new(Role.User, $"question {q}?")],
            [.. Enumerable.Range(0, answers).Select(a => new StudyAnswer($"answer {a} to {q}", names[(q + a) % models]))]))])
        { Seed = seed, Answers = answers, Temperature = 0.7, Tokens = 9, PassedOver = 3 };
    }

    /// <summary>Something that may be said of a question, any of all kinds.</summary>
    public static Judgement Judged(Study study, Random random, string annotator, int question)
    {
        var answers = study.Questions[question].Answers.Count;
        Said said = random.Next(6) switch
        {
            0 => new Said.Skipped(),
            1 => new Said.Flagged(random.Next(2) == 0 ? "" : "odd\n\"note\""),
            2 => new Said.Edited(random.Next(answers), $"better {question} \u00e9\U0001F600"),
            _ when answers == 2 => new Said.Compared((Verdict)random.Next(5)),
            _ => new Said.Graded([.. Enumerable.Range(0, answers).Select(_ => random.Next(1, 6))]),
        };
        return new($"{annotator}-{question}-{random.Next(1000)}", annotator, question, said);
    }

    /// <summary>The rows that learn, as files of comparisons are read.</summary>
    public static Vec<Located<Ranking>> Learned(string file) =>
        RowReader.Read(RowFiles.Read(file), RankingShapes.All(), Columns.AsTheyAre, file).Match(static read => read.Rows, static faults =>
            faults.Count == 1 && faults.Head.What.Contains("left out", StringComparison.Ordinal) ? [] : throw new InvalidOperationException(faults.Lines()));
}
