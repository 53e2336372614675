using Functional.Base;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Dialogues;

/// <summary>Templates that users write: an object with <c>user</c> and <c>assistant</c>, each with what stands <c>before</c> and <c>after</c> a message, and maybe more.</summary>
public static class WrittenTemplate
{
    static readonly Vec<string> roles = ["system", "user", "assistant", "input"];
    static readonly Vec<string> texts = ["name", "begin", "between", "preamble", "preamble-with-input"];
    const string Trim = "trim";

    /// <summary>What may stand there.</summary>
    public static string Allowed { get; } = $"allowed: {string.Join(", ", roles)}, each with before and after; {string.Join(", ", texts)}; {Trim}";

    /// <summary>The template that an object describes, or every fault in it. Without a place for what the assistant says, it is a fault.</summary>
    /// <param name="json">The object.</param>
    /// <param name="file">What faults call it; and the template's name, where it has none.</param>
    public static Validation<Fault, DialogueTemplate> Read(Json json, string file) => json is not Json.Map { Members: var members }
        ? Fault.Of<DialogueTemplate>(file, $"is {json.Kind}", "expected an object with user and assistant")
        : new[]
        {
            members.Names.Where(static n => !roles.Contains(n) && !texts.Contains(n) && n != Trim)
                .Select(n => Fault.Of<Unit>($"{file}: {n}", "is unknown", Allowed)).Gather().Map(static _ => unit),
            Fault.Unless(members.Contains("assistant"), file, "has no place for what the assistant says: from such a template nothing is learned",
                "expected assistant, with what stands before it and after it"),
            Fault.Unless(members.Contains("user"), file, "has no place for what the user says", "expected user, with what stands before it and after it"),
        }.Gather().Bind(_ => (Around(members, "system", file), Around(members, "user", file), Around(members, "assistant", file),
                (Around(members, "input", file), Flag(members, file)).Apply(static (input, trims) => (input, trims)),
                texts.Select(name => Text(members, name, $"{file}: {name}")).Gather())
            .Apply((system, user, assistant, more, words) => (DialogueTemplate)new MarkTemplate(words[0].Length > 0 ? words[0] : file, system, user, assistant)
            {
                Begin = words[1],
                Between = words[2],
                Preamble = words[3],
                PreambleWithInput = words[4].Length > 0 ? words[4] : null,
                Input = members.Contains("input") ? more.input : null,
                Trims = more.trims,
            }));

    static Validation<Fault, Marks> Around(Params<Json> members, string role, string file)
    {
        if (!members.Contains(role)) return Success<Fault, Marks>(new());
        if (members[role] is not Json.Map { Members: var around }) return Fault.Of<Marks>($"{file}: {role}", $"is {members[role].Kind}", "expected before and after");
        return (around.Names.Where(static n => n is not ("before" or "after"))
                .Select(n => Fault.Of<Unit>($"{file}: {role}: {n}", "is unknown", "allowed: before, after")).Gather(),
            Text(around, "before", $"{file}: {role}: before"), Text(around, "after", $"{file}: {role}: after")).Apply(static (_, before, after) => new Marks(before, after));
    }

    static Validation<Fault, string> Text(Params<Json> members, string name, string where) => !members.Contains(name) || members[name] is Json.Null
        ? Success<Fault, string>("")
        : members[name] is Json.Text { Value: var text } ? Success<Fault, string>(text)
        : Fault.Of<string>(where, $"is {members[name].Kind}", "expected a text");

    static Validation<Fault, bool> Flag(Params<Json> members, string file) => !members.Contains(Trim) ? Success<Fault, bool>(false)
        : members[Trim] is Json.Bool { Value: var trims } ? Success<Fault, bool>(trims)
        : Fault.Of<bool>($"{file}: {Trim}", $"is {members[Trim].Kind}", "expected true or false");
}
