using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text;
using Functional.Chat;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.DependencyInjection;

namespace Functional.Samples;

/// <summary>Lesson 25: a model in a .NET program, by the interfaces of Microsoft.Extensions.AI.</summary>
public static class InAProgramLesson
{
    /// <summary>How somebody feels.</summary>
    public enum Mood
    {
        /// <summary>Well.</summary>
        Glad,
        /// <summary>Ill.</summary>
        Sad,
    }

    /// <summary>Somebody in a story.</summary>
    /// <param name="Name">What they are called.</param>
    /// <param name="Age">How old they are.</param>
    /// <param name="Mood">How they feel.</param>
    /// <param name="Days">How they felt before.</param>
    public sealed record Person([property: RegularExpression("^[A-Z][a-z]{2,9}$")] string Name, [property: Range(1, 99)] int Age, Mood Mood, List<Mood> Days);

    /// <summary>The lesson. What a model wrote stands behind a ›: it has learned for seconds, so that nobody should believe it.</summary>
    /// <param name="cancellation">Asks to stop.</param>
    public static async Task<string> TextAsync(CancellationToken cancellation = default)
    {
        using var stories = await StoryModel.TrainAsync(cancellation);
        var calls = new List<(string Town, int Days)>();

        // 1. The model among a program's services.
        var services = new ServiceCollection();
        services.AddFunctional(models => models.Add(new ServedModel("stories", stories.Folder) { Defaults = new() { Tokens = 80, Temperature = 0.7 } }));
        services.AddChatClient(static provider => provider.GetRequiredKeyedService<IChatClient>("stories")).UseFunctionInvocation();
        await using var provider = services.BuildServiceProvider();
        var client = provider.GetRequiredService<IChatClient>();

        // 2. Piece by piece.
        var (pieces, story) = (0, new StringBuilder());
        await foreach (var update in client.GetStreamingResponseAsync("Tell me a story.", new ChatOptions { Seed = 1, StopSequences = ["\n"] }, cancellation))
        {
            pieces += update.Text.Length > 0 ? 1 : 0;
            story.Append(update.Text);
        }

        // 3. A function that it may call; here it must.
        var weather = AIFunctionFactory.Create(([Description("A town"), RegularExpression("^[A-Z][a-z]{2,9}$")] string town, [Range(1, 7)] int days) =>
        {
            calls.Add((town, days));
            return "rain";
        }, "weather", "What the weather will be.");
        var asked = await client.GetResponseAsync("Will it rain?", new ChatOptions { Seed = 2, Tools = [weather], ToolMode = ChatToolMode.RequireAny }, cancellation);

        // 4. An answer that is a value.
        var person = (await client.GetResponseAsync<Person>("Who lives there?", new ChatOptions { Seed = 3, MaxOutputTokens = 200 }, cancellationToken: cancellation)).Result;

        // 5. Texts as vectors.
        var generator = provider.GetRequiredService<IEmbeddingGenerator<string, Embedding<float>>>();
        var vectors = await generator.GenerateAsync(["the old man slept", "the old man slept.", "57 + 8"], cancellationToken: cancellation);
        double Alike(int i) => vectors[0].Vector.ToArray().Zip(vectors[i].Vector.ToArray(), static (a, b) => (double)a * b).Sum();

        return $"""
            A model in a program
            ====================
            1. AddFunctional puts it among the services, as IChatClient and IEmbeddingGenerator. Nothing is read before the first request.

            2. A story, piece by piece, up to the end of its line:

               › {Shown(story.ToString())}

               More than one piece: {pieces > 1}. The same seed gives the same story.

            3. A function that it must call. Its arguments are written under the function's schema, so that they are always some that C# takes:

               › weather({string.Join("; ", calls.Select(static c => $"{c.Town}, {c.Days}"))})

               Days from 1 to 7: {calls.TrueForAll(static c => c.Days is >= 1 and <= 7)}. Messages that came of it: {string.Join(", ", asked.Messages.Select(static m => m.Role.Value))}.

            4. An answer that is a value of a C# type:

               › {person.Name}, {person.Age}, {person.Mood}, {person.Days.Count} days before

               An age from 1 to 99: {person.Age is >= 1 and <= 99}. A mood that there is: {Enum.IsDefined(person.Mood)}.

            5. Texts as vectors: a text is nearer to itself with a full stop than to a sum: {Alike(1) > Alike(2)}.

            Exercise: take the pattern off the name. What may somebody be called then, and why is it still a Person?

            """;
    }

    // One line of it, without what no console shows.
    static string Shown(string text) => string.Concat(text.Where(static c => !char.IsControl(c) && c != '\uFFFD'));
}
