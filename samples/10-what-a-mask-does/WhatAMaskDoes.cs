using System.Text;
using Functional.Base;
using Functional.Data;
using Functional.Dialogues;
using Functional.Learning;
using Functional.Meaning;
using Functional.Models;
using Functional.Text;

namespace Functional.Samples;

/// <summary>
/// Lesson 10: what a mask does. A model that is to answer learns answers alone; what it is asked it only reads. Where several conversations share a row, each
/// sees itself alone.
/// </summary>
public static class WhatAMaskDoes
{
    internal static readonly Conversation first = Of("2+2?", "4"), second = Of("and 3+4?", "7, as ever");

    internal static readonly DecoderConfig config = new() { Layers = 1, Heads = 2, Width = 8, Context = 64, Vocabulary = 256, Positions = Positions.Rotary };

    /// <summary>The lesson.</summary>
    public static string Text()
    {
        var text = new StringBuilder("""
            What a mask does
            ================
            1. A conversation is a text of which only some is learned: what the assistant says, and its end. Below each character
               of it, █ where it is a target and · where it is only read.


            """);
        foreach (var talk in (Conversation[])[first, second]) text.Append(Picture(Encoded(talk))).Append('\n');
        text.Append("""
            2. A label is what comes next, where that is learned; -100 stands for nothing elsewhere. The loss is a mean over labels.


            """);
        var (examples, model) = (Examples.Of([Encoded(first), Encoded(second)]), Transformer.Of(config));
        var apart = Loss(model, examples, 64, packed: false);
        text.Append(FormattableString.Invariant($"   labels {apart.Labels} of {examples.Tokens} tokens, loss {apart.Loss:0.0000}\n"));
        var together = Loss(model, examples, 64, packed: true);
        text.Append(FormattableString.Invariant($"""

            3. Both in one row, where each token sees its own conversation and positions begin anew:

               labels {together.Labels}, loss {together.Loss:0.0000}, rows 2 -> 1

               The law: packing changes neither loss nor gradients. It only wastes less.

            Exercise: of "User: hi" and the answer "ho", in the same form, how many labels are there? (The end of an answer is learned, too.)

            """));
        return text.ToString();
    }

    /// <summary>How many labels a question and its answer have.</summary>
    public static int Labels(string question, string answer) => Encoded(Of(question, answer)).Learned;

    internal static Conversation Of(string question, string answer) => new([new(Role.User, question), new(Role.Assistant, answer)]);

    internal static Example Encoded(Conversation talk) => DialogueTemplate.Named("user-assistant").Bind(template => DialogueEncoder.Of(template, ByteTokenizer.Instance))
        .Bind(encoder => encoder.Encode(talk, "the lesson")).IfFail(static faults => throw new InvalidOperationException(faults.Lines()));

    static string Picture(Example example)
    {
        var letters = string.Concat(ByteTokenizer.Instance.Decode([.. example.Ids]).Select(static c => c == '\n' ? '⏎' : c));
        return $"   {letters}\n   {string.Concat(example.Learns.Select(static l => l ? '█' : '·'))}\n";
    }

    internal static (double Loss, double Labels) Loss(Model model, Examples examples, int context, bool packed)
    {
        var source = new ConversationRows(examples, context, RowOrder.Ordered, packed: packed);
        var batch = new Batch(source.Count, source.Feed(source.Count));
        source.Fill(default, 0, batch);
        var given = batch.Feed.Select(f => (Layers.Names.Feed(f.Name), Value.Of(f.Value, [.. Enumerable.Range(0, batch.Rows).SelectMany(row =>
            batch.Ints(f.Name, row).ToArray()).Select(static n => (double)n)]))).ToDictionary(static f => f.Item1, static f => f.Item2);
        foreach (var (name, spec) in model.Specs)
        {
            var values = new float[spec.Type.Size];
            spec.Fill(Key.Seed(1), 0, values);
            given[Layers.Names.Param(name)] = Value.Of(spec.Type, [.. values.Select(static v => 3.0 * v)]);
        }
        var outputs = Programs.Measure(Objectives.NextToken(model, new(source.Count, context), texts: packed)).Evaluate(given);
        return (outputs[Layers.Names.Loss][0], outputs[Layers.Names.Weight][0]);
    }
}
