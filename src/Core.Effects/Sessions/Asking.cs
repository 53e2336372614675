using Functional.Base;
using Functional.Dialogues;
using Functional.Models;
using LanguageExt;
using static LanguageExt.Prelude;

namespace Functional.Sessions;

/// <summary>A question as a model reads it, behind what was said before.</summary>
/// <param name="Ids">The tokens, up to where the model is to speak.</param>
/// <param name="Most">How many tokens of an answer have room.</param>
/// <param name="Forgotten">How many of the oldest messages are left out, so that there is room.</param>
sealed record Asking(Vec<int> Ids, int Most, int Forgotten)
{
    /// <summary>
    /// The question, with as much of what was said before as has room beside an answer: what the system says stays, and the oldest questions go first, each with
    /// what was answered. A question that has no room by itself is a fault.
    /// </summary>
    /// <param name="encoder">What makes tokens of it.</param>
    /// <param name="messages">What is said, in order; the last is the question.</param>
    /// <param name="model">The model.</param>
    /// <param name="most">How many tokens an answer has at most, 1 or more.</param>
    public static Validation<Fault, Asking> Of(DialogueEncoder encoder, Vec<Message> messages, Model model, int most)
    {
        if (string.IsNullOrWhiteSpace(messages[^1].Text)) return Fault.Of<Asking>("question", "is empty", "expected a text");
        var system = messages.TakeWhile(static m => m.Role == Role.System).ToVec();
        // Where the talk may begin: at each question. The more is left out, the fewer tokens there are.
        int[] begins = [system.Count, .. Enumerable.Range(system.Count + 1, Math.Max(0, messages.Count - system.Count - 1)).Where(i => messages[i].Role == Role.User)];
        Validation<Fault, Vec<int>> From(int begin) => encoder.Prompt([.. system, .. messages.Skip(begin)], "question");
        bool Fits(Vec<int> ids) => !model.IsBounded || (long)ids.Count + most <= model.Context;
        var (low, high) = (0, begins.Length - 1);
        while (low < high)
        {
            var middle = (low + high) / 2;
            var ids = From(begins[middle]);
            if (ids.IsFail) return ids.Map(static _ => new Asking([], 0, 0));
            if (ids.Exists(Fits)) high = middle;
            else low = middle + 1;
        }
        return from ids in From(begins[low])
               from some in Fault.Unless(ids.Count > 0, "question", $"is no token in the template {encoder.Template.Name}", "allowed: another template")
               from room in Fault.Unless(!model.IsBounded || ids.Count < model.Context, "question", $"is {ids.Count} tokens long, with all that its template puts around it",
                   $"allowed: up to {model.Context - 1}, so that an answer has room in the model's context of {model.Context}")
               select new Asking(ids, model.IsBounded ? Math.Min(most, model.Context - ids.Count) : most, begins[low] - system.Count);
    }
}
