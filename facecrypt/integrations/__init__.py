"""Drop-in replacements for the detectors of other libraries, one module for each.

``facenet_pytorch`` (facenet-pytorch's ``MTCNN``), ``mtcnn`` (ipazc's ``MTCNN``), ``yunet``
(``cv2.FaceDetectorYN``) and ``deepface`` (a detector backend). A module is imported by
its name when it is wanted; of these only ``deepface`` needs the library that it is named after.

``torchvision``, ``albumentations``, ``torch_data`` (PyTorch) and ``huggingface`` (``datasets``) are
steps of pipelines and data sets, of schemes and of sealing.

``ray`` encrypts many files on many machines; ``batch_encryptor`` does rows of bytes, for
engines that have workers of their own.
"""
