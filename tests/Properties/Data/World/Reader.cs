using System.Globalization;
using System.Text.RegularExpressions;

namespace Functional.Tests.Properties.Data;

/// <summary>Reads a story's English with patterns, knowing nothing of how it was written, and keeps a chronicle of what it says.</summary>
static partial class Reader
{
    static readonly Dictionary<string, string> Plural =
        Lexicon.Goods.SelectMany(g => new[] { KeyValuePair.Create(g.One, g.Many), KeyValuePair.Create(g.Many, g.Many) }).ToDictionary();
    static readonly string[] Idle =
    [
        "The sun was warm.", "A cold wind blew.", "It was very quiet.", "The birds sang.", "It wasn't late yet.",
        "It was a good day.", "Everyone was happy.", "What a day!", "The sun went down.", "And that was that.",
    ];

    [GeneratedRegex("""^(One \w+|One sunny day|On a cold day|After lunch|Early one morning|Next|After that|Later), |^(Then|Soon) """)]
    private static partial Regex Link();

    [GeneratedRegex("""(?<speech>"[^"]+" said \w+\.)|(?<sentence>[^ ".!?][^".!?]*[.!?])""")]
    private static partial Regex Parts();

    [GeneratedRegex("""^"(?<greeting>[^"]*?)(, (?<to>[A-Z]\w+))?[!.,]" said (?<who>\w+)\.$""")]
    private static partial Regex Speech();

    public static Chronicle Read(string text)
    {
        var told = new Chronicle();
        var (subject, other) = ("", "");
        foreach (Match part in Parts().Matches(text))
            if (Idle.Contains(part.Value)) continue;
            else if (part.Groups["speech"].Success) Hear(told, part.Value);
            else if (!Follow(told, Link().Replace(part.Value.TrimEnd('.'), ""), ref subject,
                ref other)) throw new FormatException($"'{part.Value}' makes no sense in: {text}");
        if (string.Join(' ', Parts().Matches(text).Select(m => m.Value)) != text) throw new FormatException($"not made of sentences: {text}");
        return told;
    }

    static void Hear(Chronicle told, string speech)
    {
        var match = Speech().Match(speech);
        if (!match.Success || match.Groups["to"] is { Success: true } to && !told.Together(match.Groups["who"].Value, to.Value))
            throw new FormatException($"nobody can say {speech}");
    }

    static bool Follow(Chronicle told, string sentence, ref string subject, ref string other)
    {
        if (sentence == "Nobody else was there")
        {
            var here = told.Places[subject];
            return told.Places.Values.Count(place => place == here) == 1;
        }
        string[] words = sentence.Split(' ');
        var pronoun = words[0] is "he" or "she" or "He" or "She";
        var spoken = words[0];
        if (pronoun)
        {
            if (!Means(words[0], subject) || Means(words[0], other)) return false;
            words[0] = subject;
        }
        sentence = string.Join(' ', words);
        foreach (var (form, means) in Forms)
            if (form.Match(sentence) is { Success: true } match)
            {
                // Nobody else in this sentence or the one before may be who "he" or "she" is.
                if (pronoun && Means(spoken, match.Groups["to"].Value)) return false;
                other = match.Groups["to"].Value;
                if (match.Groups["s"] is { Success: true } actor) subject = actor.Value;
                return means(told, new(match));
            }
        return false;
    }

    /// <summary>What a sentence's pattern found, by name.</summary>
    sealed record Found(Match Match)
    {
        public string this[string name] => Match.Groups[name].Value;
        public string What => Article() ? $"{this["look"]} {this["noun"]}" : throw new FormatException(Match.Value);
        public string Goods => Plural[this["goods"]];
        public int Count => Number(this["n"], this["goods"]);

        // "a" before a consonant, "an" before a vowel.
        bool Article() => this["a"].Length == 0 || "aeiou".Contains(this["look"][0], StringComparison.Ordinal) == (this["a"].Length == 2);
    }

    const string S = @"^(?<s>\w+)", Thing = @"(?<look>\w+) (?<noun>\w+)", A = @"(?<a>[Aa]n?)", At = @"(in|at|by|on) the (?<place>\w+)$",
        Some = @"(?<n>\d+) (?<goods>\w+)";

    // One row a form: one switch of list patterns over all of them takes the compiler gigabytes.
    static readonly (Regex Form, Func<Chronicle, Found, bool> Means)[] Forms =
    [
        Row(@$"^[Tt]here was {A} {Thing} {At}", (told, f) => told.Lies(f.What, f["place"])),
        Row(@$"^{A} {Thing} lay {At}", (told, f) => told.Lies(f.What, f["place"])),
        Row(@$"{S} was {At}", (told, f) => told.Appears(f["s"], f["place"])),
        Row(@$"^(?<names>\w+(, \w+)* and \w+) were {At}", (told, f) =>
            f["names"].Split([", ", " and "], StringSplitOptions.None).All(n => told.Appears(n, f["place"]))),
        Row(@$"{S} had {A} {Thing}$", (told, f) => told.Owns(f["s"], f.What)),
        Row(@$"{S} had {Some}$", (told, f) => told.Starts(f["s"], f.Count, f.Goods)),
        Row(@$"{S} (went|walked|ran|hurried) to the (?<place>\w+)$", (told, f) => told.Moves(f["s"], f["place"])),
        Row(@$"{S} (picked up|took) the {Thing}$", (told, f) => told.Takes(f["s"], f.What)),
        Row(@$"{S} put down the {Thing}$", (told, f) => told.Drops(f["s"], f.What)),
        Row(@$"{S} left the {Thing} there$", (told, f) => told.Drops(f["s"], f.What)),
        Row(@$"{S} gave the {Thing} to (?<to>\w+)$", (told, f) => told.Gives(f["s"], f["to"], f.What)),
        Row(@$"{S} gave (?<to>\w+) the {Thing}$", (told, f) => told.Gives(f["s"], f["to"], f.What)),
        Row(@$"{S} gave {Some} to (?<to>\w+)$", (told, f) => Pass(told, f["s"], f["to"], f.Count, f.Goods)),
        Row(@$"{S} gave (?<to>\w+) {Some}$", (told, f) => Pass(told, f["s"], f["to"], f.Count, f.Goods)),
        Row(@$"{S} found {Some}$", (told, f) => told.More(f["s"], f.Count, f.Goods, f.Count)),
        Row(@$"{S} (ate|spent|lost|dropped) {Some}$", (told, f) => told.More(f["s"], -f.Count, f.Goods, f.Count)),
    ];

    static (Regex, Func<Chronicle, Found, bool>) Row(string form, Func<Chronicle, Found, bool> means) => (new(form), means);

    static bool Means(string pronoun, string name) =>
        Lexicon.People.FirstOrDefault(p => p.Name == name) is { } person && string.Equals(person.Pronoun, pronoun, StringComparison.OrdinalIgnoreCase);

    static bool Pass(Chronicle told, string who, string to, int count, string goods) =>
        told.Together(who, to) && told.More(who, -count, goods, count) && told.More(to, count, goods, count);

    static int Number(string n, string goods) => int.Parse(n, CultureInfo.InvariantCulture) is var count
        && (count == 1) == (Plural[goods] != goods) ? count : throw new FormatException($"{n} {goods}");
}
