using System.Text;
using System.Text.Json;
using Functional.Base;
using Functional.Grammars;
using Functional.Samples;
using Functional.Text;
using Microsoft.Extensions.AI;

namespace Functional.Lessons;

/// <summary>Lesson 25: a model in a program.</summary>
static class ProgramLessons
{
    public static Vec<Lesson> All => [InAProgram];

    static Lesson InAProgram => new("25-in-a-program", "A model in a program", "How a model becomes one of a program's services: streaming, a function that it calls, an answer that is a C# value, vectors.",
        static async (told, cancellation) => await told.WriteAsync((await InAProgramLesson.TextAsync(cancellation).ConfigureAwait(false)).AsMemory(), cancellation).ConfigureAwait(false))
    {
        Seconds = 4,
        Pictures =
        [
            Picture.Lines("What a model may write of a Person", "A value is written byte by byte, drawn at random from what the schema allows. Names of members leave no choice, a text many, a number few; whatever is drawn, it is a Person.", "byte", "bytes that may come", static () =>
            {
                var (_, choices) = Written(Key.Seed(25));
                return [new("choices", [.. choices.Select(static (n, i) => ((double)i, (double)n))])];
            }),
        ],
        Laws =
        [
            new("always-a-value", "Whatever is drawn from what the schema allows, C# reads it as the type, with every number and pattern within what its attributes say.", static key =>
            {
                var (text, _) = Written(key);
                var person = JsonSerializer.Deserialize<InAProgramLesson.Person>(text, AIJsonUtilities.DefaultOptions);
                return LawCase.Of(person is { Age: >= 1 and <= 99, Name.Length: >= 3 and <= 10 } && char.IsAsciiLetterUpper(person.Name[0]) && Enum.IsDefined(person.Mood) && person.Days.TrueForAll(Enum.IsDefined), $"{text}");
            }),
            new("room-to-end", "Where there is room for only so many bytes, a value still comes to its end, unless none is so short.", static key =>
            {
                var constraint = Schema();
                var most = constraint.Shortest(constraint.Start) + new Draws(key).Whole("room", 0, 30);
                var (text, _) = Written(key, most);
                return LawCase.Of(Encoding.UTF8.GetByteCount(text) <= most && JsonDocument.Parse(text).RootElement.ValueKind == JsonValueKind.Object, $"{most} bytes: {text}");
            }),
        ],
    };

    static Constraint Schema() => Json.Parse(AIJsonUtilities.CreateJsonSchema(typeof(InAProgramLesson.Person)).GetRawText(), "the schema of a Person")
        .Bind(static schema => Constraint.Schema(schema, TokenTrie.Of(ByteTokenizer.Instance))).IfFail(static faults => throw new InvalidOperationException(faults.Lines()));

    // A value of some bytes at most, and how many might have come in place of each.
    static (string Text, List<int> Choices) Written(Key key, int most = 160)
    {
        var (constraint, bytes, choices) = (Schema(), new List<byte>(), new List<int>());
        for (var state = constraint.Start; !constraint.IsOver(state) && bytes.Count < most; state = constraint.Next(state, bytes[^1]))
        {
            var mask = constraint.Mask(state, most - bytes.Count);
            byte[] allowed = [.. Enumerable.Range(0, 256).Where(mask.Has).Select(static b => (byte)b)];
            choices.Add(allowed.Length);
            bytes.Add(allowed[(int)key.Below(bytes.Count, allowed.Length)]);
        }
        return (Encoding.UTF8.GetString([.. bytes]), choices);
    }
}
