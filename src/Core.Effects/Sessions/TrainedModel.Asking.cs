using Functional.Base;
using Functional.Dialogues;
using Functional.Generation;
using Functional.Sampling;
using LanguageExt;

namespace Functional.Sessions;

/// <content>Single questions.</content>
public sealed partial class TrainedModel
{
    Batcher? asked;

    /// <summary>The name of the template with which it is asked where none is named; and whether that is its own, or that of what it learned, rather than a guess.</summary>
    public Validation<Fault, (string Name, bool IsKnown)> UsualTemplate() => RowParts.Encoder(Run.Config, Run.Tokenizer, Run.Note)
        .Map(encoder => (encoder.Template.Name, !Run.Config.Stage.LearnsText || encoder.Template.Name == DialogueTemplate.Own));

    /// <summary>
    /// What it answers to a question, a piece at a time, and the answer with the last of them; and how many of the oldest messages it was not told, for want of
    /// room. One at a time: the pieces of another answer come after the last of these.
    /// </summary>
    /// <param name="messages">What is said, in order; the last is the question.</param>
    /// <param name="template">How it is asked; nothing for <see cref="UsualTemplate"/>.</param>
    /// <param name="sampling">How tokens are drawn.</param>
    /// <param name="most">How many tokens an answer has at most, 1 or more.</param>
    /// <param name="key">What they are drawn with.</param>
    public Validation<Fault, (IEnumerable<(string Piece, Answer? Whole)> Pieces, int Forgotten)> Answer(Vec<Message> messages, string? template, SamplingConfig sampling, int most, Key key) =>
        from writes in Writes()
        from encoder in RowParts.Encoder(Run.Config, Run.Tokenizer, Run.Note, template)
        from asking in Asking.Of(encoder, messages, Model, most)
        select (Answers.Pieces(asked ??= new(engine, Model, parameters.Buffers, 1), Run.Tokenizer, [.. asking.Ids],
            new(sampling, asking.Most, encoder.Stops.Tokens, encoder.Stops.Texts), key), asking.Forgotten);
}
